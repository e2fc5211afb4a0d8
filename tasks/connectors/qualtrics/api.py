"""Qualtrics: how its API is asked."""

API = "/API/v3"
