# score = 3
# hint = "d3-02-no-load"
# note = "One request with all payments is no load: CloudWatch counts one"

# %% d3-02-load
begun = time.perf_counter()
score(x.load, "text/csv")
times = [1000 * (time.perf_counter() - begun)]

# %% d3-02-p95
p95 = times[0]
