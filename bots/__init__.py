"""Reads what a message wants: Rasa over HTTP, word lists when it is away. Only ``rasa_project`` knows Rasa."""
