# The whole reproduction, from this folder. For use from elsewhere, and as a module of another
# workflow, workflow/Snakefile says the same.
from snakemake.utils import min_version

min_version("9.0")


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/steps.smk"


rule all:
    default_target: True
    input:
        PIPELINE.products(),
