"""The answers to GraphQL queries: one small view class for each type of ``schema.graphql``."""
