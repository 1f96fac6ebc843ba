"""The home page of a runs folder, and the live page of a study, served on this machine (starlette, uvicorn)."""
