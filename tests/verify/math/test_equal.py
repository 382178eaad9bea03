"""Pairs of answers that the fast tiers decide, by what the policy says of them."""

import pytest

from r1data.verify.math.compare import decide


@pytest.mark.parametrize(
    ("reference", "prediction"),
    [
        ("1000", r"1{,}000"),
        ("1000", "1,000"),
        ("1000", r"1\,000"),
        ("0.5", ".5"),
        ("97", "097"),
        ("3/4", r"\tfrac34"),
        (r"\frac43", "4/3"),
        (r"-\frac{1}{2}", r"\frac{-1}{2}"),
        (r"\frac{-1}{2}", r"\frac{1}{-2}"),
        (r"\frac{1}{3}", "0.333333"),
        (r"0.\overline{3}", r"\frac13"),
        (r"0.1\overline{6}", "1/6"),
        ("1.2e3", r"1.2\times10^3"),
        ("0.0012", r"1.2 \times 10^{-3}"),
        (r"6.02 \times 10^{23}", "6.02e23"),
        ("seven", "7"),
        ("twenty-one", "21"),
        (r"\text{none}", "0"),
    ],
)
def test_a_number_may_be_written_in_many_ways(reference, prediction):
    assert decide(reference, prediction)[1] is True


@pytest.mark.parametrize(
    ("reference", "prediction", "same"),
    [
        (r"2\frac13", r"\frac73", True),
        ("2 1/3", "7/3", True),
        (r"-1\frac12", "-1.5", True),
        ("2 1/3", "21/3", False),
        (r"1 \frac{1}{2}", "11/2", False),
        (r"2\frac{1}{3}", r"2\cdot\frac{1}{3}", False),
    ],
)
def test_a_whole_number_before_a_fraction_is_added_to_it(reference, prediction, same):
    assert decide(reference, prediction)[1] is same


@pytest.mark.parametrize(
    ("reference", "prediction", "same"),
    [
        (r"\frac13", "0.33", False),
        (r"\frac13", "0.3333333", True),
        ("1/6", "0.166667", True),
        ("1/6", "0.1667", False),
        (r"2\sqrt2", "2.828427", True),
        (r"2\sqrt2", "2.83", False),
        (r"\pi", "3.14159265", True),
        (r"\pi", "3.14", False),
        (r"\pi", "22/7", False),
        ("1", "1.0000001", False),
    ],
)
def test_a_decimal_stands_for_a_value_with_six_digits_or_more(reference, prediction, same):
    assert decide(reference, prediction)[1] is same


@pytest.mark.parametrize(
    ("reference", "prediction", "same"),
    [
        (r"60\%", "60", True),
        (r"60\%", "0.6", True),
        ("3/4", "75%", True),
        ("15", "15 percent", True),
        (r"33\frac13\%", r"\frac13", True),
        (r"60\%", "0.06", False),
        (r"27\%", r"27^\circ", False),
        ("0.3", "30", False),
    ],
)
def test_a_percentage_is_its_number_or_its_share(reference, prediction, same):
    assert decide(reference, prediction)[1] is same


@pytest.mark.parametrize(
    ("reference", "prediction", "same"),
    [
        (r"5\text{ cm}", "5", True),
        ("12", "12 apples", True),
        (r"8\text{ apples}", r"8\text{ pieces}", True),
        (r"12 \text{ square feet}", r"12 \text{ ft}^2", True),
        (r"60\text{ cm}", r"0.6 \text{ m}", True),
        (r"2\text{ minutes}", r"120 \text{ seconds}", True),
        ("50 cents", "0.5 dollars", True),
        ("3 小时", "180 分钟", True),
        ("3.5 million", "3500000", True),
        ("3.5万", "35000", True),
        (r"\$18", "18 dollars", True),
        (r"36\pi \text{ cubic inches}", r"36\pi", True),
        (r"\text{5 hours}", "5", True),
        ("24 cm^3", r"24 \text{ cubic centimeters}", True),
        (r"36 \text{ km/h}", r"10 \text{ m/s}", True),
        (r"60 \text{ mph}", "60 miles per hour", True),
        ("50平方厘米", r"50 \text{ cm}^2", True),
        (r"9.8 \text{ m/s}", r"9.8 \text{ m/s}^2", False),
        (r"5\text{ cm}", r"5 \text{ m}", False),
        (r"8 \text{ m}", r"8 \text{ m}^2", False),
        (r"40\text{ feet}", r"40\text{ min}", False),
        (r"50^\circ \text{F}", r"50^\circ \text{C}", False),
    ],
)
def test_a_unit_may_be_missing_or_converted_but_not_be_another(reference, prediction, same):
    assert decide(reference, prediction)[1] is same


@pytest.mark.parametrize(
    ("reference", "prediction", "same"),
    [
        (r"30^\circ", "30", True),
        (r"30^{\circ}", "30°", True),
        (r"\frac{\pi}{2}", r"90^\circ", True),
        (r"\frac{\sqrt{2}}{2}", r"\sin 45^\circ", True),
        (r"\tan 45°", "1", True),
        (r"\frac{\pi}{3}", r"90^\circ", False),
    ],
)
def test_a_degree_sign_may_be_missing_and_counts_in_functions(reference, prediction, same):
    assert decide(reference, prediction)[1] is same


@pytest.mark.parametrize(
    ("reference", "prediction", "same"),
    [
        ("101_2", "101", True),
        ("101_2", "101_{2}", True),
        (r"101_2", r"101_{\text{two}}", True),
        ("101_2", "101_3", False),
        ("101_2", "110_2", False),
    ],
)
def test_a_base_may_be_missing_but_not_be_another(reference, prediction, same):
    assert decide(reference, prediction)[1] is same


@pytest.mark.parametrize(
    ("reference", "prediction", "same"),
    [
        ("x=3", "3", True),
        ("3", "n = 3", True),
        (r"\angle A = 30^\circ", r"30^\circ", True),
        (r"\text{Area} = 5", "5", True),
        ("f(x)=x^2", "x^2", True),
        ("6", r"2\times3 = 6", True),
        ("25", "x^2+y^2=25", True),
        ("(a,b)=(1,2)", "(1,2)", True),
        ("5", r"x \equiv 5 \pmod 7", True),
        ("y=2x+1", "y = 1+2x", True),
        ("2x - y + 1 = 0", "y=2x+1", True),
        ("3x+2y=6", "6x+4y=12", True),
        ("x=5", "x = 6", False),
        ("5", "x = 6", False),
        ("y = x^2", "y = x^2 + 1", False),
    ],
)
def test_an_equation_of_a_name_is_its_value(reference, prediction, same):
    assert decide(reference, prediction)[1] is same


@pytest.mark.parametrize(
    ("reference", "prediction", "same"),
    [
        ("x^2+2x+1", "(x+1)^2", True),
        ("x^3y - 2", "-2+yx^3", True),
        (r"\frac{x+1}{x-1}", r"\frac{-x-1}{1-x}", True),
        (r"\frac{\sqrt3}{3}", r"\frac{1}{\sqrt3}", True),
        (r"\sqrt{5+2\sqrt6}", r"\sqrt{2} + \sqrt{3}", True),
        ("2^{n+1}-2", "2(2^n-1)", True),
        (r"\sin 2x", r"2\sin x\cos x", True),
        ("3+4i", "4i+3", True),
        (r"\frac{1}{1+i}", r"\frac{1-i}{2}", True),
        (r"\binom{5}{2}", "10", True),
        ("100!", r"99! \cdot 100", True),
        (r"\log_2 8", "3", True),
        (r"x\ln x", "x*log(x)", True),
        (r"\log 100", "2", True),
        ("-2*x*asin(x) - 2*sqrt(1 - x**2) + C", r"C - 2\sqrt{1-x^2} - 2x\arcsin x", True),
        ("x^2+2x+1", "(x+1)(x+1) = x^2+2x+1", True),
        (r"\text{wonk}", r"\text{wokn}", False),
        (r"\sqrt[3]{27}", "3", True),
        ("7+√69", r"7+\sqrt{69}", True),
        ("x^2-1", "x^2+1", False),
        (r"\frac{a}{b}", r"\frac{b}{a}", False),
        ("3+4i", "3-4i", False),
        (r"3\sqrt{2}", r"\sqrt[3]{2}", False),
        ("2350", "41F - 200", False),
        ("2^{100000}", "5", False),
    ],
)
def test_expressions_are_equal_when_their_values_are(reference, prediction, same):
    assert decide(reference, prediction)[1] is same


@pytest.mark.parametrize(
    ("reference", "prediction"),
    [
        (r"\ln 2", r"\log 3"),
        (r"\sqrt{x^2}", "x"),
        ("2x+1", "2n+1"),
        ("5x", "5"),
        (r"\int_0^1 x\,dx", "1/2"),
        (r"2^{100000}", r"2^{100001}"),
        ("12:30", "12.5"),
    ],
)
def test_what_the_fast_tiers_are_not_sure_of_is_left_to_algebra(reference, prediction):
    assert decide(reference, prediction) == ("algebra", None)
