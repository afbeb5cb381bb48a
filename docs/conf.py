"""Sphinx's settings of the site; `make docs` builds it."""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import ram_tf_runs.quiet  # noqa: E402, F401  First.

from ram_tf import __version__  # noqa: E402

project = "ram_tf"
author = "The ram_tf developers"
copyright = f"2026, {author}"
version = release = __version__

extensions = [
    "myst_nb",  # With myst_parser in it.
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "pages",  # Beside this file.
]
exclude_patterns = ["_build", "jupyter_execute"]  # Both are made.
myst_heading_anchors = 3
nb_execution_mode = "off"  # The notebook is kept with its outputs.
smartquotes = False  # It would make a dash of the two hyphens of a flag.

autodoc_member_order = "bysource"
# Of Keras' methods only what is said here.
autodoc_inherit_docstrings = False
python_maximum_signature_line_length = 70
default_role = "code"  # As single backticks are meant in docstrings.
napoleon_custom_sections = [("Call arguments", "params_style")]
napoleon_use_ivar = True
napoleon_use_rtype = False
# Names of others, whose documentation is not read: a build needs no network.
nitpick_ignore_regex = [
    (
        r"py:(class|obj|data|func|meth|exc|mod)",
        r"(tf|tensorflow|tensorflow_probability|tfp|keras|np|numpy|collections"
        r"|pathlib|os|types|typing|gymnasium|PIL|abc|matplotlib)\..*",
    ),
    (r"py:(class|obj|data)", r"(int|str|float|bool|None|Any|Self|optional)"),
    (r"py:(class|exc)", r"Watched|InvalidArgumentError"),
    (r"py:.*", r"ram_tf\.parts\.Class"),  # Stands for any type.
]

html_theme = "furo"
html_title = f"ram_tf {release}"
html_copy_source = False
html_show_sphinx = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
