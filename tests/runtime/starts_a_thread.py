"""A library as a parent must not import it."""

import threading

threading.Thread(target=threading.Event().wait, daemon=True, name="stray").start()
