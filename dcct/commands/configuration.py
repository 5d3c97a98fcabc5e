"""The verb for those who write configuration."""

from pathlib import Path
from typing import Annotated

import typer

from dcct.config.dataset import Dataset
from dcct.config.profile import Profile
from dcct.config.published import Published
from dcct.config.table import Table
from dcct.config.variant import Variant
from dcct.files import write_json

PANEL = "Configuration"
app = typer.Typer()
SCHEMAS = {
    "profile": Profile,
    "variant": Variant,
    "dataset": Dataset,
    "table": Table,
    "published": Published,
}


@app.command(rich_help_panel=PANEL)
def schemas(folder: Annotated[Path, typer.Argument(help="Where to write them.")]) -> None:
    """Write JSON schemas of profiles, variants, data sets, tables and published numbers, for
    editors that check YAML.

    Example: dcct schemas workflow/schemas
    """
    for name, model in SCHEMAS.items():
        write_json(folder / f"{name}.schema.json", model.model_json_schema())
