"""Every table of a finished run compiles in a minimal document."""

import shutil
import subprocess

import pytest

TEX = next((program for program in ("pdflatex", "tectonic") if shutil.which(program)), None)
DOCUMENT = r"""\documentclass{article}
\usepackage[a3paper,landscape,margin=1cm]{geometry}
\usepackage{booktabs,longtable}
\begin{document}
%s
\end{document}
"""


@pytest.mark.skipif(TEX is None, reason="needs pdflatex (Debian: see .ci/latex) or tectonic")
def test_tables_compile(finished, tmp_path):
    """All .tex files together, with booktabs and longtable: no error, and no character without a
    glyph."""
    tables = sorted((finished.results / "tables").glob("*.tex"))
    assert {table.stem for table in tables} >= {
        "components",
        "comparison-ilids-prid",
        "cost",
        "differences",
    }
    inputs = "\n".join(rf"\noindent\input{{{table}}}\newpage" for table in tables)
    (tmp_path / "all.tex").write_text(DOCUMENT % inputs)
    options = ["-halt-on-error", "-interaction=nonstopmode"] if TEX == "pdflatex" else []
    done = subprocess.run(
        [TEX, *options, "all.tex"], cwd=tmp_path, capture_output=True, text=True, errors="replace"
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert (tmp_path / "all.pdf").stat().st_size > 10_000
    assert "Missing character" not in done.stdout + done.stderr
