"""Delivers ticket events to a dispatch centre."""
