"""How the container image is built; not part of the wheel.

`locked`, `rootfs` and `chrooted` run inside the build, with the standard library only. The other
modules run on the machine that builds: they choose a builder (`builders`), make what registries
would otherwise provide (`base`), tell pip what this machine tells it (`pipconf`), keep what
was built (`archives`), and say what it is made of (`sbom`).
"""
