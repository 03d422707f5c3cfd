"""The contracts between the services: what is said on Kafka, by whom, and in which words.

One module a producer. An event says what happened and carries its aggregate's whole public state
and `version` (1, 2, 3 …), so that the last event of a key is the truth about that key. People
appear by id alone: no document number, phone, full name or free text of a visitor.
Fields are added as optional and never renamed, reused or given another meaning; a change that
cannot keep to this is a new topic. Imports pydantic and nothing else.
"""
