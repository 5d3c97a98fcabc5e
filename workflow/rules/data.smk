# From a data set's source to clips: put it in place, verify, list, pack, and draw the test clips once.


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
        "dcct source {wildcards.dataset} --configfile {PLAN.configfile} 2>&1 | tee {log}"


rule verify:
    input:
        PATHS.source("{dataset}") / "receipt.json",
        dataset=PLAN.config("datasets", "{dataset}"),
        code=CODE["verify"],
    output:
        PATHS.verified("{dataset}") / "report.json",
        PATHS.verified("{dataset}") / "report.md",
        PATHS.verified("{dataset}") / "receipt.json",
        PATHS.run("verify", "{dataset}"),
    log:
        PATHS.log("verify", "{dataset}"),
    benchmark:
        PATHS.benchmark("verify", "{dataset}")
    shell:
        "dcct verify {wildcards.dataset} --configfile {PLAN.configfile} 2>&1 | tee {log}"


rule manifest:
    input:
        PATHS.verified("{dataset}") / "receipt.json",
        dataset=PLAN.config("datasets", "{dataset}"),
        code=CODE["manifest"],
    output:
        PATHS.manifest("{dataset}") / "tracklets.parquet",
        PATHS.manifest("{dataset}") / "frames.parquet",
        PATHS.manifest("{dataset}") / "receipt.json",
        PATHS.run("manifest", "{dataset}"),
    log:
        PATHS.log("manifest", "{dataset}"),
    benchmark:
        PATHS.benchmark("manifest", "{dataset}")
    shell:
        "dcct manifest {wildcards.dataset} --configfile {PLAN.configfile} 2>&1 | tee {log}"


rule pack:
    input:
        PATHS.manifest("{dataset}") / "receipt.json",
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
        "dcct pack {wildcards.dataset} --configfile {PLAN.configfile} 2>&1 | tee {log}"


rule sample:
    input:
        PATHS.manifest("{dataset}") / "receipt.json",
        dataset=PLAN.config("datasets", "{dataset}"),
        code=CODE["sample"],
    output:
        PATHS.clips("{dataset}") / "clips.parquet",
        PATHS.clips("{dataset}") / "receipt.json",
        PATHS.run("sample", "{dataset}"),
    log:
        PATHS.log("sample", "{dataset}"),
    benchmark:
        PATHS.benchmark("sample", "{dataset}")
    params:
        settings=SETTINGS["sample"],
    shell:
        "dcct sample {wildcards.dataset} --configfile {PLAN.configfile} 2>&1 | tee {log}"
