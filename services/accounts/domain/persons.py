"""The persons whom a citizen books for: what is sent, what is shown, and what our own pages may fill in.

A number is shown masked, to whoever typed it as to anybody: whoever finds a telephone signed in learns none.
"""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from shared.documents import DocumentType
from shared.visitors import Body, Document, Name, Phone

PERSONS_MOST = 30
"""Of one account: a large family has room. Whoever helps more people (帮办) does so as staff, at the counter."""
DOCUMENTS_MOST = 5
"""Of one person."""
PERSON_NAME = "accounts.person.name"
PERSON_PHONE = "accounts.person.phone"
PERSON_NUMBER = "accounts.person.number"
COMMAND = "accounts.person.command"
SAID = "accounts.person.said"

Relation = Literal["self", "relative", "ward", "helped"]
"""To the citizen: the same, a relative, somebody under guardianship (被监护人), a villager who is helped (帮办)."""
Documents = Annotated[list[Document], Field(max_length=DOCUMENTS_MOST)]


class NewPerson(Body):
    """Somebody to book for. A phone is not needed, a document is: one can book with no other."""

    relation: Relation
    name: Name
    phone: Phone | None = None
    documents: Annotated[list[Document], Field(min_length=1, max_length=DOCUMENTS_MOST)]


class PersonChange(Body):
    """What is to be otherwise; what is left out stays. A phone of `null` is none any more."""

    relation: Relation | None = None
    name: Name | None = None
    phone: Phone | None = None
    add_documents: Documents = Field(default_factory=list)
    remove_documents: Annotated[tuple[UUID, ...], Field(max_length=DOCUMENTS_MOST)] = ()

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        for name in ("relation", "name"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"{name} cannot be taken away")
        return self


class DocumentView(BaseModel):
    """A document."""

    document_id: str
    type: DocumentType
    number_masked: str


class PersonView(BaseModel):
    """A person, to the citizen who keeps them."""

    person_id: str
    relation: Relation
    name: str
    phone_masked: str | None
    documents: list[DocumentView]


class Persons(BaseModel):
    """All of them, as they were added."""

    items: list[PersonView]
    most: int = PERSONS_MOST
    """So many there may be."""


class PersonCard(BaseModel):
    """What our own pages fill into a booking on the citizen's behalf, and show to nobody."""

    person_id: str
    document_id: str
    name: str
    phone: str | None
    document: Document
