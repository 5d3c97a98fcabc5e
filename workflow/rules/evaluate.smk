# Features of every variant, and of the distilled backbones alone; then ranking, which needs neither torch nor a GPU;
# backbones for other programs; and what a network looks at.


rule extract:
    input:
        PLAN.clips("{dataset}", "{split}"),
        PATHS.clips("{dataset}", "{split}") / "receipt.json",
        ancient(PATHS.frames("{dataset}") / "frames.bin"),
        learnt=lambda wildcards: learnt(wildcards)[:2],
        model=lambda wildcards: ancient(learnt(wildcards)[2]),
        variant=lambda wildcards: PLAN.variant(wildcards.variant),
        code=CODE["extract"],
    output:
        PATHS.features("{dataset}", "{split}", "{variant}", "{seed}")
        / "features.parquet",
        PATHS.features("{dataset}", "{split}", "{variant}", "{seed}") / "receipt.json",
        PATHS.run("extract", "{dataset}", "split{split}", "{variant}", "seed{seed}"),
    log:
        PATHS.log("extract", "{dataset}", "split{split}", "{variant}", "seed{seed}"),
    benchmark:
        PATHS.benchmark(
            "extract", "{dataset}", "split{split}", "{variant}", "seed{seed}"
        )
    threads: PROFILE.training.threads * PROFILE.training.processes
    resources:
        gpu=PROFILE.training.processes * (PROFILE.training.device == "cuda"),
    params:
        settings=SETTINGS["extract"],
    shell:
        "dcct extract {wildcards.dataset} {wildcards.variant} --split {wildcards.split} --seed {wildcards.seed} --configfile {PLAN.configfile} 2>&1 | log {log}"


rule rank:
    input:
        PATHS.manifest("{dataset}", "{split}") / "receipt.json",
        PATHS.features("{dataset}", "{split}", "{variant}", "{seed}") / "receipt.json",
        ancient(
            PATHS.features("{dataset}", "{split}", "{variant}", "{seed}")
            / "features.parquet"
        ),
        dataset=PLAN.config("datasets", "{dataset}"),
        variant=lambda wildcards: PLAN.variant(wildcards.variant),
        code=CODE["rank"],
    output:
        PATHS.metrics("{dataset}", "{split}", "{variant}", "{seed}") / "metrics.json",
        PATHS.metrics("{dataset}", "{split}", "{variant}", "{seed}") / "queries.parquet",
        PATHS.metrics("{dataset}", "{split}", "{variant}", "{seed}") / "receipt.json",
        PATHS.run("rank", "{dataset}", "split{split}", "{variant}", "seed{seed}"),
    log:
        PATHS.log("rank", "{dataset}", "split{split}", "{variant}", "seed{seed}"),
    benchmark:
        PATHS.benchmark("rank", "{dataset}", "split{split}", "{variant}", "seed{seed}")
    params:
        settings=SETTINGS["rank"],
    shell:
        "dcct rank {wildcards.dataset} {wildcards.variant} --split {wildcards.split} --seed {wildcards.seed} --configfile {PLAN.configfile} 2>&1 | log {log}"


rule export:
    input:
        PATHS.manifest("{dataset}", "{split}") / "receipt.json",
        learnt=lambda wildcards: learnt(wildcards)[:2],
        model=lambda wildcards: ancient(learnt(wildcards)[2]),
        variant=lambda wildcards: PLAN.variant(wildcards.variant),
        code=CODE["export"],
    output:
        [
            PATHS.exported("{dataset}", "{split}", "{variant}", "{seed}") / name
            for name in [*EXPORTED, "receipt.json"]
        ],
        PATHS.run("export", "{dataset}", "split{split}", "{variant}", "seed{seed}"),
    log:
        PATHS.log("export", "{dataset}", "split{split}", "{variant}", "seed{seed}"),
    benchmark:
        PATHS.benchmark(
            "export", "{dataset}", "split{split}", "{variant}", "seed{seed}"
        )
    params:
        settings=SETTINGS["export"],
    shell:
        "dcct export {wildcards.dataset} {wildcards.variant} --split {wildcards.split} --seed {wildcards.seed} --configfile {PLAN.configfile} 2>&1 | log {log}"


rule attend:
    input:
        PLAN.clips("{dataset}", "{split}"),
        PATHS.clips("{dataset}", "{split}") / "receipt.json",
        ancient(PATHS.frames("{dataset}") / "frames.bin"),
        learnt=lambda wildcards: learnt(wildcards)[:2],
        model=lambda wildcards: ancient(learnt(wildcards)[2]),
        variant=lambda wildcards: PLAN.variant(wildcards.variant),
        code=CODE["attend"],
    output:
        PATHS.attention("{dataset}", "{split}", "{variant}", "{seed}")
        / "attention.parquet",
        PATHS.attention("{dataset}", "{split}", "{variant}", "{seed}") / "receipt.json",
        PATHS.run("attend", "{dataset}", "split{split}", "{variant}", "seed{seed}"),
    log:
        PATHS.log("attend", "{dataset}", "split{split}", "{variant}", "seed{seed}"),
    benchmark:
        PATHS.benchmark(
            "attend", "{dataset}", "split{split}", "{variant}", "seed{seed}"
        )
    threads: PROFILE.training.threads
    resources:
        gpu=int(PROFILE.training.device == "cuda"),
    params:
        settings=SETTINGS["attend"],
    shell:
        "dcct attend {wildcards.dataset} {wildcards.variant} --split {wildcards.split} --seed {wildcards.seed} --configfile {PLAN.configfile} 2>&1 | log {log}"
