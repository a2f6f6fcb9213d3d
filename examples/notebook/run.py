"""Runs the notebook from its first cell to the last against CAIRN_CLICKHOUSE_URL; with --keep the outputs stay in the file."""

import pathlib
import sys

import nbformat
from nbclient import NotebookClient

path = pathlib.Path(__file__).parent / "usage.ipynb"
notebook = nbformat.read(path, as_version=4)
NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(path.parent)}}).execute()
if "--keep" in sys.argv:
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    nbformat.write(notebook, path)
print(f"{len(notebook.cells)} cells ran")
