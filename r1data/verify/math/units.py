"""Units that are told apart, and how many of one make another.

    >>> factor("cm", "m"), factor("cm^2", "m^2"), factor("cm", "g")
    (Fraction(1, 100), Fraction(1, 10000), None)

All other words after a number say what is counted.
"""

from fractions import Fraction

TABLE = """
length 1/1000 mm millimeter millimetre 毫米
length 1/100 cm centimeter centimetre 厘米
length 1/10 dm decimeter decimetre 分米
length 1 m meter metre 米
length 1000 km kilometer kilometre 千米 公里
length 127/5000 inch in inches
length 381/1250 foot ft feet
length 1143/1250 yard yd
length 201168/125 mile mi
mass 1/1000 mg milligram 毫克
mass 1 g gram 克
mass 1000 kg kilogram 千克 公斤
mass 1000000 tonne 吨
weight 1 ounce oz
weight 16 pound lb lbs
weight 32000 ton
time 1 second sec s 秒
time 60 minute min 分钟
time 3600 hour h hr hrs 小时
time 86400 day 天
time 604800 week 周
calendar 1 month 个月
calendar 12 year yr 年
money 1 cent ¢
money 100 dollar usd buck
euro 1 euro
yuan 1 元 yuan
volume 1 ml milliliter millilitre 毫升
volume 1000 liter litre l 升
degree 1 degree deg ° 度
celsius 1 °c celsius
fahrenheit 1 °f fahrenheit
"""


def _read(table: str) -> dict[str, tuple[str, str, Fraction]]:
    units = dict[str, tuple[str, str, Fraction]]()
    for line in table.strip().splitlines():
        dimension, size, *words = line.split()
        units |= dict.fromkeys(words, (words[0], dimension, Fraction(size)))
    return units


UNITS = _read(TABLE)
"""Every way to write a unit: its one name, what it measures, and its size."""
SPEEDS = {"mph": "mile/hour", "kmh": "km/hour", "kph": "km/hour"}
POWERS = {"square": "2", "sq": "2", "cubic": "3", "平方": "2", "立方": "3"}


def named(words: str, power: str | None = None) -> str | None:
    """The one name of a unit, with its power; None when it is none.

    >>> named("square feet"), named("cm", "2"), named("eggs")
    ('foot^2', 'cm^2', None)
    """
    words = SPEEDS.get(words, words).lower().strip(" .").replace(" per ", "/")
    if "/" in words:
        one, _, other = words.partition("/")
        top, bottom = named(one), named(other, power)
        return f"{top}/{bottom}" if top and bottom else None
    for prefix, number in POWERS.items():
        if words.startswith(prefix) and words != prefix:
            power, words = power or number, words[len(prefix) :].strip(" .")
            break
    unit = UNITS.get(words) or UNITS.get(words.removesuffix("s")) or UNITS.get(words.removesuffix("es"))
    return None if unit is None else f"{unit[0]}^{power}" if power else unit[0]


def factor(one: str, other: str) -> Fraction | None:
    """How many of the other unit one is; None when they measure different things."""
    if "/" in one or "/" in other:
        tops = one.partition("/"), other.partition("/")
        if not tops[0][2] or not tops[1][2]:
            return None
        top, bottom = factor(tops[0][0], tops[1][0]), factor(tops[0][2], tops[1][2])
        return None if top is None or bottom is None else top / bottom
    (name, _, power), (other_name, _, other_power) = one.partition("^"), other.partition("^")
    (_, dimension, size), (_, other_dimension, other_size) = UNITS[name], UNITS[other_name]
    if dimension != other_dimension or power != other_power:
        return None
    return (size / other_size) ** int(power or 1)
