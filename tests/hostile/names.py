"""Names of files, and name patterns, that take for ever where every way to read them is tried."""

LETTERS = {
    "letters": "a" * 250, "digits": "1" * 250, "underscores": "_" * 250, "hyphens": "-" * 250,
    "wells": "A1" * 125, "channels": "_w1" * 80, "words": "a_" * 120, "sites": "s1_w1_" * 40,
    "ranges": "0-" * 120, "folders": "/".join(["a_1"] * 60), "Operetta": "r01c01f01p01" * 20,
    "planes": "t1z1c1" * 40, "brackets": "(" * 250, "braces": "{a}" * 80, "blanks": " " * 250,
    "GUIDs": "12345678-1234-1234-1234-123456789012" * 6, "other digits": "٣" * 120,
    "times": "1d1h1m" * 40, "superscripts": "²" * 120, "dots": "." * 250, "nothing": "",
    "long number": "1" * 4000, "long word": "a" * 4000, "long line": "_" * 4000,
}  # fmt: skip
# What people and strangers may write as a pattern.
PATTERNS = (
    "{a}{b}{c}{d}.tif", "{*}{a}{*}{b}{*}{c}.tif", "{channel}{*}{channel2}{*}x.tif",
    "{well}{site}{z}{time}{row}{column}.tif", "{time}{*}{z}{*}{site}{*}q.tif",
    "".join(f"{{f{n}}}" for n in range(20)) + ".tif", "{*}" * 20 + "{a}!.tif",
    "{a}_{b}_{c}_{d}_{e}_{f}.png", "{a}_{*}_{*}_{*}_{*}_z{z}.tif", "{a}/{b}/{c}/{d}_{e}_{f}.tif",
    "{channel}_{well}_{z}_{time}_{name}_{site}.tif", "{a}-{b}-{c}-{d}-{e}.tif", "{a}",
    "{" + "a" * 100_000 + "}.tif", "{a} {b} {c} {d} {e} {f} {g}.tif",
)  # fmt: skip
REFUSED = ("{*}" * 200 + "{a}", "".join(f"{{f{n}}}" for n in range(200)), "{" * 5000, "{}" * 50)
# Files whose names span far more than there are, with the pattern.
SPANNING = {
    "two ends": ("a_z{z}.tif", ["a_z0.tif", "a_z3000000000.tif"]),
    "one far away": ("a_z{z}.tif", [f"a_z{n}.tif" for n in (1, 2, 3, 3 * 10**9)]),
    "240 digits": ("a_z{z}.tif", [f"a_z{'9' * 239}{n}.tif" for n in range(3)]),
    "5,000 digits": ("a_z{z}.tif", [f"a_z{'9' * 4999}{n}.tif" for n in range(3)]),
    "zeros before": ("a_z{z}.tif", [f"a_z{'0' * 200}{n}.tif" for n in (1, 3, 4)]),
    "digits of others": ("a_z{z}.tif", ["a_z٣.tif", "a_z3.tif", "a_z４.tif"]),
    "superscripts": ("a_z{z}.tif", ["a_z².tif", "a_z3.tif"]),
    "long row": ("r{row}c{column}.tif", ["r" + "9" * 5000 + "c1.tif"]),
    "product": ("a_t{time}_z{z}_w{channel}.tif", [f"a_t{n}_z{n}_w{n}.tif" for n in range(1000)]),
    "every second": ("a_z{z}.tif", [f"a_z{2 * n}.tif" for n in range(5000)] + ["a_z1.tif"]),
    "times of their own": ("{well}_t{time}.tif", [f"A{n // 4}_t{n}.tif" for n in range(8000)]),
    "wells of no plate": ("{well}_w{channel}.tif", [f"{n}_w1.tif" for n in range(5000)]),
    "channels of their own": ("{well}_w{channel}.tif", [f"A01_w{n}.tif" for n in range(5000)]),
    "plates": ("p{plate}_{well}_w{channel}.tif", [f"p{n}_A01_w1.tif" for n in range(3000)]),
}  # fmt: skip
