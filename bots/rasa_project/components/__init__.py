"""Components of the Rasa pipeline; they live in Rasa's own environment and are never imported by the product."""
