"""The room's modules import each other as siblings only, so that they can travel with a checkpoint in one folder."""

import ast
from pathlib import Path

import hf_ser.features

FOLDER = Path(hf_ser.features.__file__).parent


def test_relative_imports_name_siblings():
    for file in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level:
                assert node.level == 1, file
                assert (FOLDER / f"{node.module}.py").is_file(), (file, node.module)
            elif isinstance(node, ast.ImportFrom):
                assert not node.module.startswith("hf_ser"), file
