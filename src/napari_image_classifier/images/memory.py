"""How much memory there is for an image, before it is taken."""

# Smaller planes are read without asking how much is free.
LARGE_PLANE = 256 * 2**20
# The decoded plane, and the copy that its intensities become.
COPIES_OF_A_PLANE = 2


def free_memory() -> int:
    """Return how many bytes can be taken without the computer beginning to swap."""
    import psutil

    return int(psutil.virtual_memory().available)


def why_too_large(plane_bytes: int) -> str:
    """Return why a plane of that many bytes can't be read here, as a part of a sentence.

    It is empty where it can.
    """
    if plane_bytes <= LARGE_PLANE:
        return ""
    needed, free = COPIES_OF_A_PLANE * plane_bytes, free_memory()
    if needed <= free:
        return ""
    return (
        f"one plane of it needs {needed / 1e9:,.1f} GB of memory and {free / 1e9:,.1f} GB are "
        "free: close other programs, use a computer with more memory, or export it in smaller parts"
    )
