"""A small project to train from, and how to run our commands on it as an operator would."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

CONFIG = """
recipe: default.v1
assistant_id: test
language: en
pipeline:
  - name: bot.nlu.classifier.CascadeIntentClassifier
  - name: bot.nlu.entities.PatternEntityExtractor
  - name: FallbackClassifier
    threshold: 0.4
    ambiguity_threshold: 0.1
policies:
  - name: MemoizationPolicy
  - name: RulePolicy
"""
DOMAIN = """
version: "3.1"
intents: [greet, goodbye, track_order]
entities: [order_number, product]
slots:
  order_number:
    type: text
    mappings: [{type: from_entity, entity: order_number}]
responses:
  utter_greet:
  - text: "Hello!"
  - text: "Hi there."
  utter_bye:
  - text: "Bye."
  utter_track:
  - text: "{order_number} is on its way."
"""
NLU = """
version: "3.1"
nlu:
- intent: greet
  examples: |
    - hi
    - hello there
    - good morning
    - hey
    - hello
- intent: goodbye
  examples: |
    - bye
    - see you later
    - goodbye
    - good bye
- intent: track_order
  examples: |
    - where is my order [4521](order_number)
    - track my order
    - where are my [trainers]{"entity": "product", "value": "sneakers"}
    - has [AB-1234](order_number) shipped
- regex: order_number
  examples: |
    - #?\\b(?:[A-Z]{2}-?)?\\d{4,8}\\b
- lookup: product
  examples: |
    - sneakers
    - rain coat
- synonym: sneakers
  examples: |
    - kicks
"""
RULES = """
version: "3.1"
rules:
- rule: greet
  steps:
  - intent: greet
  - action: utter_greet
- rule: bye
  steps:
  - intent: goodbye
  - action: utter_bye
- rule: track
  steps:
  - intent: track_order
  - action: utter_track
"""


def make_project(root: Path) -> Path:
    """Write the project's files and return its folder."""
    for name, text in {
        "config.yml": CONFIG,
        "domain.yml": DOMAIN,
        "data/nlu/all.yml": NLU,
        "data/rules/all.yml": RULES,
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip(), encoding="utf-8")
    return root


def run(module: str, *arguments: str, code: str = "") -> subprocess.CompletedProcess[str]:
    """Run one of our modules, or `code`, in a process of its own."""
    command = [sys.executable, "-c", code] if code else [sys.executable, "-m", module]
    return subprocess.run(
        [*command, *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=110
    )


def train(project: Path, models: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Train as `baton train` does."""
    return run("bot.training.train", "--project", str(project), "--models", str(models), *more)
