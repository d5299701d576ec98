from __future__ import annotations

from pathlib import Path

import pytest

from bot.domain.errors import ConfigError
from bot.training.project import Project
from tests.training.project import ROOT, make_project


def test_every_file_that_matters_changes_the_hash(tmp_path: Path) -> None:
    root = make_project(tmp_path)
    before = Project.at(root).content_hash()
    assert Project.at(root).content_hash() == before
    for name in (
        "config.yml",
        "domain.yml",
        "data/nlu/all.yml",
        "data/rules/all.yml",
        "data/lookups/new.yml",
    ):
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text((path.read_text() if path.exists() else "") + "# more\n")
        after = Project.at(root).content_hash()
        assert after != before, name
        before = after


def test_other_files_do_not_matter(tmp_path: Path) -> None:
    root = make_project(tmp_path)
    before = Project.at(root).content_hash()
    for name in ("data/demo/shop.json", "README.md", "data/nlu/.swp", "actions/x.py"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("x")
    assert Project.at(root).content_hash() == before


def test_a_domain_folder_works(tmp_path: Path) -> None:
    root = make_project(tmp_path)
    (root / "domain").mkdir()
    (root / "domain.yml").rename(root / "domain" / "all.yml")
    assert Project.at(root).domain == root / "domain"


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"config\.yml, domain\.yml, data/nlu"):
        Project.at(tmp_path)


def test_the_shipped_project_trains_without_tensorflow() -> None:
    project = Project.at(ROOT)
    assert "bot.nlu.classifier.CascadeIntentClassifier" in project.components()
    assert project.lean


@pytest.mark.parametrize("component", ["DIETClassifier", "my.own.Component"])
def test_other_components_get_the_whole_of_rasa(tmp_path: Path, component: str) -> None:
    root = make_project(tmp_path)
    config = root / "config.yml"
    config.write_text(config.read_text().replace("name: FallbackClassifier", f"name: {component}"))
    assert not Project.at(root).lean


def test_finds_where_a_name_stands(tmp_path: Path) -> None:
    project = Project.at(make_project(tmp_path))
    assert project.where("utter_bye") == "data/rules/all.yml:10"
    assert project.where("nothing like it") == ""
