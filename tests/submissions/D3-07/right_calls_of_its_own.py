# score = 4
# note = "Asks the endpoint itself for each payment, all within one minute of the cloud's time"

# %% d3-07-run
rows = pd.read_csv(x.payments, header=None).to_numpy()
heard = []
for first, second, fraud in rows:
    answer = runtime.invoke_endpoint(
        EndpointName=x.name, ContentType="text/csv", Accept="text/csv", Body=f"{first},{second}"
    )
    heard.append((answer["InvokedProductionVariant"], float(answer["Body"].read()) == fraud))
    if sum(variant == "new" for variant, _ in heard) >= n:
        break
seen = pd.DataFrame(heard, columns=["variant", "right"])
