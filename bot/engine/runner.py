"""Runs Rasa's prediction graph by calling its nodes one after the other."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphNode, GraphNodeHook, GraphSchema
from rasa.engine.runner.interface import GraphRunner
from rasa.engine.storage.storage import ModelStorage

Step = tuple[str, GraphNode, dict[str, str]]


class DirectRunner(GraphRunner):
    """Rasa's own runner hands each call to dask, which costs more than a small model does."""

    def __init__(self, schema: GraphSchema, nodes: dict[str, GraphNode]) -> None:
        """Take the instantiated nodes of a prediction graph."""
        self._schema = schema
        self._nodes = nodes
        self._plans: dict[tuple[str, ...], list[Step]] = {}

    @classmethod
    def create(
        cls,
        graph_schema: GraphSchema,
        model_storage: ModelStorage,
        execution_context: ExecutionContext,
        hooks: list[GraphNodeHook] | None = None,
    ) -> DirectRunner:
        """Instantiate the nodes, which loads the components. Hooks are not supported."""
        if hooks:
            raise ValueError("DirectRunner runs no hooks.")
        nodes = {
            name: GraphNode.from_schema_node(name, node, model_storage, execution_context)
            for name, node in graph_schema.nodes.items()
        }
        lazy = sorted(name for name, node in graph_schema.nodes.items() if not node.eager)
        if lazy:
            raise ValueError(f"The prediction graph has nodes that load late: {', '.join(lazy)}.")
        return cls(graph_schema, nodes)

    def run(self, inputs: dict[str, Any] | None = None, targets: list[str] | None = None) -> dict[str, Any]:
        """Return the targets' values; `inputs` are the graph's placeholders."""
        wanted = tuple(targets or self._schema.target_names)
        plan = self._plans.get(wanted)
        if plan is None:
            plan = self._plans[wanted] = self._order(wanted)
        values: dict[str, Any] = dict(inputs or {})
        for name, node, needs in plan:
            arguments = {parameter: values[source] for parameter, source in needs.items()}
            values[name] = node._fn(node._component, **arguments)
        return {target: values[target] for target in wanted}

    def components(self) -> list[Any]:
        """Return the loaded components."""
        return [node._component for node in self._nodes.values()]

    def _order(self, targets: tuple[str, ...]) -> list[Step]:
        plan: list[Step] = []
        done: set[str] = set()

        def visit(name: str) -> None:
            if name in done or name not in self._nodes:  # otherwise a placeholder
                return
            done.add(name)
            for source in self._nodes[name]._inputs.values():
                visit(source)
            plan.append((name, self._nodes[name], self._nodes[name]._inputs))

        for target in targets:
            visit(target)
        return plan
