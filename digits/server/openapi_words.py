"""What both parts of the OpenAPI document are written with."""


def described(properties: dict, **others) -> dict:
    """An object that has all of these properties."""
    return {"type": "object", "properties": properties, "required": list(properties)} | others


def ref(name: str) -> dict:
    return {"$ref": f"#/components/schemas/{name}"}


def given(schema: dict, description: str, content_type: str = "application/json") -> dict:
    """A response, or a part of one."""
    return {"description": description, "content": {content_type: {"schema": schema}}}


def problem(description: str, **headers: str) -> dict:
    """A response that is an error; `headers` say what its fields of those names tell, with _ for -."""
    told = {
        name.replace("_", "-"): {"description": text, "schema": {"type": "string"}} for name, text in headers.items()
    }
    return given(ref("Problem"), description, "application/problem+json") | {"headers": told}


# What every route may answer.
ALWAYS = {
    "400": problem("The request is not as described here."),
    "403": problem("Another name than this server's, or a page of another site that may not ask for this."),
    "405": problem("The method is not of this route.", Allow="Those that are."),
}

# What a route that changes something asks for besides, and answers.
NEEDS_TOKEN = {
    "security": [{"token": []}],
    "responses": {
        "401": problem("The token is missing or wrong.", WWW_Authenticate="The same in a word."),
        "403": problem("Another name than this server's, a page of another site, or a server that only shows."),
    },
}
