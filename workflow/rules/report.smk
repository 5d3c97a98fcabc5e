# What people read: tables of all data sets, and figures of each.


rule tabulate:
    input:
        lambda wildcards: PLAN.tabulated(wildcards.table),
        table=lambda wildcards: PLAN.table(wildcards.table),
        code=CODE["tabulate"],
    output:
        [PATHS.table("{table}", suffix) for suffix in TABLE if suffix != "html"],
        marked(PATHS.table("{table}", "html"), "table", "Tables", table="{table}"),
        PATHS.table("{table}", "receipt.json"),
        PATHS.run("tabulate", "{table}"),
    log:
        PATHS.log("tabulate", "{table}"),
    benchmark:
        PATHS.benchmark("tabulate", "{table}")
    params:
        settings=SETTINGS["tabulate"],
    shell:
        "dcct tabulate {wildcards.table} --configfile {PLAN.configfile} 2>&1 | log {log}"


rule cost:
    input:
        variants=PLAN.all_variants(),
        dataset=PLAN.config("datasets", PROFILE.datasets[0]),
        code=CODE["cost"],
    output:
        [PATHS.table("cost", suffix) for suffix in TABLE if suffix != "html"],
        marked(PATHS.table("cost", "html"), "cost", "Tables", table="cost"),
        PATHS.table("cost", "receipt.json"),
        PATHS.run("cost", "cost"),
    log:
        PATHS.log("cost", "cost"),
    benchmark:
        PATHS.benchmark("cost", "cost")
    threads: PROFILE.training.threads
    resources:
        gpu=int(PROFILE.training.device == "cuda"),
    params:
        settings=SETTINGS["cost"],
    shell:
        "dcct cost --configfile {PLAN.configfile} 2>&1 | log {log}"


rule draw:
    input:
        lambda wildcards: PLAN.judged(wildcards.dataset),
        lambda wildcards: PLAN.trainings(wildcards.dataset),
        code=CODE["draw"],
    output:
        [PATHS.figures("{dataset}") / f"{name}.png" for name in FIGURES],
        [figure(f"{name}.svg") for name in FIGURES],
        PATHS.figures("{dataset}") / "draw.receipt.json",
        PATHS.run("draw", "{dataset}"),
    log:
        PATHS.log("draw", "{dataset}"),
    benchmark:
        PATHS.benchmark("draw", "{dataset}")
    params:
        settings=SETTINGS["draw"],
    shell:
        "dcct draw {wildcards.dataset} --configfile {PLAN.configfile} 2>&1 | log {log}"


rule tradeoff:
    input:
        lambda wildcards: PLAN.judged(wildcards.dataset),
        PATHS.table("cost", "receipt.json"),
        code=CODE["tradeoff"],
    output:
        PATHS.figures("{dataset}") / "tradeoff.png",
        figure("tradeoff.svg"),
        PATHS.figures("{dataset}") / "tradeoff.receipt.json",
        PATHS.run("tradeoff", "{dataset}"),
    log:
        PATHS.log("tradeoff", "{dataset}"),
    benchmark:
        PATHS.benchmark("tradeoff", "{dataset}")
    params:
        settings=SETTINGS["tradeoff"],
    shell:
        "dcct tradeoff {wildcards.dataset} --configfile {PLAN.configfile} 2>&1 | log {log}"


rule gallery:
    input:
        lambda wildcards: PLAN.first_clips(wildcards.dataset),
        ancient(PATHS.frames("{dataset}") / "frames.bin"),
        lambda wildcards: PLAN.shown(wildcards.dataset),
        lambda wildcards: shown_features(wildcards) / "receipt.json",
        lambda wildcards: ancient(shown_features(wildcards) / "features.parquet"),
        code=CODE["gallery"],
    output:
        figure("queries.png"),
        figure("failures.png"),
        PATHS.figures("{dataset}") / "gallery.receipt.json",
        PATHS.run("gallery", "{dataset}"),
    log:
        PATHS.log("gallery", "{dataset}"),
    benchmark:
        PATHS.benchmark("gallery", "{dataset}")
    params:
        settings=SETTINGS["gallery"],
    shell:
        "dcct gallery {wildcards.dataset} --configfile {PLAN.configfile} 2>&1 | log {log}"


rule heatmaps:
    input:
        lambda wildcards: PLAN.first_clips(wildcards.dataset),
        ancient(PATHS.frames("{dataset}") / "frames.bin"),
        lambda wildcards: PATHS.attention(*PLAN.shown_run(wildcards.dataset))
        / "receipt.json",
        code=CODE["heatmaps"],
    output:
        figure("spatial.png"),
        PATHS.figures("{dataset}") / "temporal.png",
        figure("temporal.svg"),
        PATHS.figures("{dataset}") / "heatmaps.receipt.json",
        PATHS.run("heatmaps", "{dataset}"),
    log:
        PATHS.log("heatmaps", "{dataset}"),
    benchmark:
        PATHS.benchmark("heatmaps", "{dataset}")
    shell:
        "dcct heatmaps {wildcards.dataset} --configfile {PLAN.configfile} 2>&1 | log {log}"


rule embed:
    input:
        lambda wildcards: PLAN.first_clips(wildcards.dataset)[0],
        lambda wildcards: shown_features(wildcards) / "receipt.json",
        lambda wildcards: ancient(shown_features(wildcards) / "features.parquet"),
        code=CODE["embed"],
    output:
        PATHS.figures("{dataset}") / "embedding.png",
        figure("embedding.svg"),
        PATHS.figures("{dataset}") / "embed.receipt.json",
        PATHS.run("embed", "{dataset}"),
    log:
        PATHS.log("embed", "{dataset}"),
    benchmark:
        PATHS.benchmark("embed", "{dataset}")
    params:
        settings=SETTINGS["embed"],
    shell:
        "dcct embed {wildcards.dataset} --configfile {PLAN.configfile} 2>&1 | log {log}"


rule sheet:
    input:
        lambda wildcards: PLAN.first_clips(wildcards.dataset),
        ancient(PATHS.frames("{dataset}") / "frames.bin"),
        code=CODE["sheet"],
    output:
        figure("sheet.png"),
        PATHS.figures("{dataset}") / "sheet.receipt.json",
        PATHS.run("sheet", "{dataset}"),
    log:
        PATHS.log("sheet", "{dataset}"),
    benchmark:
        PATHS.benchmark("sheet", "{dataset}")
    shell:
        "dcct sheet {wildcards.dataset} --configfile {PLAN.configfile} 2>&1 | log {log}"


rule page:
    input:
        PLAN.page_inputs(),
        [ancient(PATHS.frames(name) / "frames.bin") for name in PROFILE.tested],
        configuration=PLAN.configuration(),
        code=CODE["page"],
    output:
        marked(PATHS.page, "page", "Page", page="everything"),
        PATHS.page.with_name("page.receipt.json"),
        PATHS.run("page", "page"),
    log:
        PATHS.log("page", "page"),
    benchmark:
        PATHS.benchmark("page", "page")
    params:
        settings=SETTINGS["page"],
    shell:
        "dcct page --configfile {PLAN.configfile} 2>&1 | log {log}"
