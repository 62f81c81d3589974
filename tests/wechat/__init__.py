"""The platform's side of WeChat: its double, its pushes, its encryption. Nothing here imports the adapter."""
