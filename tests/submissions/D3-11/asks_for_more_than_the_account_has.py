# score = 0
# hint = "d3-11-quota"
# note = "Only a larger maximum, beyond what the account may have"

# %% d3-11-bounds
mine = {**example, "ResourceId": f"endpoint/{x.endpoint}/variant/{x.variant}"}
answer = scaling.register_scalable_target(**mine, MinCapacity=1, MaxCapacity=20)

# %% d3-11-schedule
up = down = None
