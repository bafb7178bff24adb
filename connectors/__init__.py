"""One module or package a vendor; the name is the connector's name. There is no list to edit."""
