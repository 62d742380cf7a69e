"""Computer players: they look at what is theirs, decide, and send the commands that people send.

`sight` copies what one of them sees, `decisions` is pure and says what he does about it, `driver`
gives everybody his turn. Nothing here writes to the world: `GameWorld.execute` does.
"""
