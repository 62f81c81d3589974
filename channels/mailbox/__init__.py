"""Letters to the mayor: a form with files, over HTTP."""
