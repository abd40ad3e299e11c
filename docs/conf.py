"""The site: Sphinx reads these pages, which are plain Markdown wherever they can be.

Nothing in it is fetched when it is read: pictures of Mermaid are drawn here, as SVG.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import mmdr
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from gorun_tasks import __version__

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "gorun-tasks"
author = copyright = "The gorun-tasks authors"  # noqa: A001 - Sphinx's own name
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton"]
myst_heading_anchors = 3
myst_fence_as_directive = ["mermaid"]
nitpicky = True
nitpick_ignore_regex = [("py:.*", ".*")]  # types in signatures, of which most have no entry

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
smartquotes = False  # they would change what is code in docstrings
default_role = "literal"  # as Markdown has it: what stands between backticks in a docstring
python_use_unqualified_type_names = True

html_theme = "furo"
html_title = "gorun-tasks"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_use_index = False  # the search finds more, and nothing would lead to it
copybutton_prompt_text = "$ "
copybutton_line_continuation_character = "\\"


class Mermaid(SphinxDirective):
    """A Mermaid diagram, drawn while the site is built."""

    has_content: ClassVar[bool] = True

    def run(self) -> list[nodes.Node]:
        """Return the picture."""
        name = f"picture{self.env.new_serialno('mermaid')}"
        drawn = mmdr.render("\n".join(self.content)).svg().replace("merman", name)
        return [nodes.raw("", f'<div class="picture">{drawn}</div>', format="html")]


def setup(app: Sphinx) -> None:
    """Tell Sphinx of the directive."""
    app.add_directive("mermaid", Mermaid)
