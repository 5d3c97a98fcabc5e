# Every step's rule, from its record (dcct/pipeline/steps.py): data, weights, training, extraction,
# ranking, tables, figures, the page. All of a rule's inputs that are big are ancient; see inputs().
#
# The profile's path is a resource, since renaming a file must make nothing again. A signal that asks
# a job to stop goes to all its processes: a training then saves its state and exits with status 75,
# which the shell waits for, and the log outlives it.
for pattern in PIPELINE.patterns():

    rule:
        name:
            pattern.rule
        input:
            of_job(pattern, inputs),
        output:
            outputs(pattern),
        log:
            pattern.log,
        benchmark:
            pattern.benchmark
        priority: int(pattern.step.long)
        threads: cpus(pattern)
        resources:
            gpu=of_job(pattern, lambda job: job.gpus),
            profile=str(CONFIGFILE),
        params:
            command=of_job(pattern, lambda job: job.command),
            code=pattern.code,
            settings=of_job(pattern, settings),
        shell:
            "trap : INT TERM USR1;"
            " {params.command} --configfile {resources.profile:q} 2>&1"
            " | (trap '' INT TERM USR1; exec tee -- {log:q})"
