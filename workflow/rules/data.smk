# From a data set's source to clips: put it in place, verify and pack it; list each split, and draw its test clips once.


rule source:
    input:
        dataset=PLAN.config("datasets", "{dataset}"),
        code=CODE["source"],
    output:
        PATHS.source("{dataset}") / "receipt.json",
        PATHS.run("source", "{dataset}"),
    log:
        PATHS.log("source", "{dataset}"),
    benchmark:
        PATHS.benchmark("source", "{dataset}")
    shell:
        "dcct source {wildcards.dataset} --configfile {PLAN.configfile} 2>&1 | log {log}"


rule verify:
    input:
        PATHS.source("{dataset}") / "receipt.json",
        dataset=PLAN.config("datasets", "{dataset}"),
        code=CODE["verify"],
    output:
        [PATHS.verified("{dataset}") / name for name in [*VERIFIED, "receipt.json"]],
        PATHS.run("verify", "{dataset}"),
    log:
        PATHS.log("verify", "{dataset}"),
    benchmark:
        PATHS.benchmark("verify", "{dataset}")
    threads: workflow.cores
    shell:
        "dcct verify {wildcards.dataset} --configfile {PLAN.configfile} 2>&1 | log {log}"


rule pack:
    input:
        PATHS.verified("{dataset}") / "receipt.json",
        dataset=PLAN.config("datasets", "{dataset}"),
        code=CODE["pack"],
    output:
        PATHS.store("{dataset}", PROFILE.clips),
        PATHS.frames("{dataset}") / "receipt.json",
        PATHS.run("pack", "{dataset}"),
    log:
        PATHS.log("pack", "{dataset}"),
    benchmark:
        PATHS.benchmark("pack", "{dataset}")
    params:
        settings=SETTINGS["pack"],
    shell:
        "dcct pack {wildcards.dataset} --configfile {PLAN.configfile} 2>&1 | log {log}"


rule manifest:
    input:
        PATHS.verified("{dataset}") / "receipt.json",
        dataset=PLAN.config("datasets", "{dataset}"),
        code=CODE["manifest"],
    output:
        PATHS.manifest("{dataset}", "{split}") / "tracklets.parquet",
        PATHS.manifest("{dataset}", "{split}") / "receipt.json",
        PATHS.run("manifest", "{dataset}", "split{split}"),
    log:
        PATHS.log("manifest", "{dataset}", "split{split}"),
    benchmark:
        PATHS.benchmark("manifest", "{dataset}", "split{split}")
    shell:
        "dcct manifest {wildcards.dataset} --split {wildcards.split} --configfile {PLAN.configfile} 2>&1 | log {log}"


rule sample:
    input:
        PATHS.manifest("{dataset}", "{split}") / "receipt.json",
        dataset=PLAN.config("datasets", "{dataset}"),
        code=CODE["sample"],
    output:
        PATHS.clips("{dataset}", "{split}") / "clips.parquet",
        PATHS.clips("{dataset}", "{split}") / "receipt.json",
        PATHS.run("sample", "{dataset}", "split{split}"),
    log:
        PATHS.log("sample", "{dataset}", "split{split}"),
    benchmark:
        PATHS.benchmark("sample", "{dataset}", "split{split}")
    params:
        settings=SETTINGS["sample"],
    shell:
        "dcct sample {wildcards.dataset} --split {wildcards.split} --configfile {PLAN.configfile} 2>&1 | log {log}"
