"""What the readers of infrastructure share: how a file is cut into blocks, what a type of resource
is, what a permission allows, what an accelerator is called, what a command installs or serves.
Owns no reader and reads no file."""
