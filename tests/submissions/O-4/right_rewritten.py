# score = 4
# note = "The four lines written anew from what the payments say, the cause by looking at training's ranges"

# %% o-4-cause
if served["amount"].median() > 10 * training["amount"].median():
    cause = "Amount"
elif served["tx_24h"].max() == 0:
    cause = "velocity"
elif abs((served["hour"] < 6).mean() - (training["hour"] < 6).mean()) > 0.05:
    cause = "clock"
else:
    cause = "categories"

# %% o-4-hole-2
lines = features.splitlines()
for number, line in enumerate(lines):
    for start, right in {
        '    rows["amount"]': '    rows["amount"] = rows["cents"].div(100).round(2)',
        '    rows["hour"]': '    rows["hour"] = rows["time"] // 3600 % 24',
        '    rows["tx_24h"]': '    rows["tx_24h"] = rows["payments_24h"]',
        "    return codes": "    return pd.Series([names[code] for code in codes], index=codes.index)",
    }.items():
        if line.startswith(start):
            lines[number] = right
repaired = "\n".join(lines) + "\n"
lines = {"ContentType": "application/jsonlines", "Accept": "text/csv", "Body": payments}

# %% o-4-hole-3
key = "code/2/sourcedir.tar.gz"
s3.upload_file(str(folder / "code.tar.gz"), x.bucket, key)
address = f"s3://{x.bucket}/{key}"
