# Initial weights, once per seed, and the training of every variant. Big inputs are ancient(): their receipts, compared by
# content, say whether they changed.


rule weights:
    input:
        code=CODE["weights"],
    output:
        PATHS.weights("{seed}") / "cnn.safetensors",
        PATHS.weights("{seed}") / "vit.safetensors",
        PATHS.weights("{seed}") / "receipt.json",
        PATHS.run("weights", "seed{seed}"),
    log:
        PATHS.log("weights", "seed{seed}"),
    benchmark:
        PATHS.benchmark("weights", "seed{seed}")
    params:
        settings=SETTINGS["weights"],
    shell:
        "dcct weights --seed {wildcards.seed} --configfile {PLAN.configfile} 2>&1 | log {log}"


rule train:
    input:
        PLAN.clips("{dataset}", "{split}"),
        PATHS.weights("{seed}") / "receipt.json",
        ancient(PATHS.frames("{dataset}") / "frames.bin"),
        variant=PLAN.config("variants", "{variant}"),
        code=CODE["train"],
    output:
        PATHS.checkpoint("{dataset}", "{split}", "{variant}", "{seed}")
        / "model.safetensors",
        PATHS.checkpoint("{dataset}", "{split}", "{variant}", "{seed}")
        / "history.parquet",
        PATHS.checkpoint("{dataset}", "{split}", "{variant}", "{seed}") / "history.csv",
        PATHS.checkpoint("{dataset}", "{split}", "{variant}", "{seed}") / "receipt.json",
        PATHS.run("train", "{dataset}", "split{split}", "{variant}", "seed{seed}"),
    log:
        PATHS.log("train", "{dataset}", "split{split}", "{variant}", "seed{seed}"),
    benchmark:
        PATHS.benchmark("train", "{dataset}", "split{split}", "{variant}", "seed{seed}")
    threads: PROFILE.training.threads * PROFILE.training.processes
    resources:
        gpu=PROFILE.training.processes * (PROFILE.training.device == "cuda"),
    params:
        settings=SETTINGS["train"],
    shell:
        "dcct train {wildcards.dataset} {wildcards.variant} --split {wildcards.split} --seed {wildcards.seed} --configfile {PLAN.configfile} 2>&1 | log {log}"
