"""Jobs of the compute process, one module a verb.

Each module names its `system.job.Job` as `JOB`, and does it in a function ``run``, which takes the
request, emits events on its way and returns the result. Nothing of the viewer imports them.
"""
