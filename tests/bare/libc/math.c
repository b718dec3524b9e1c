// SPDX-License-Identifier: BSD-2-Clause
#include "libc/libc.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "ktap.h"

static volatile double zero = 0.0, one = 1.0, three = 3.0, ten = 10.0, half = 0.5;
static volatile float onef = 1.0f, threef = 3.0f;

/* Within some units of the last place. */
static bool near(double got, double want)
{
	return fabs(got - want) <= 4 * DBL_EPSILON * fabs(want);
}

static void test_arithmetic(void)
{
	volatile double inf = one / zero, nan = zero / zero, big = DBL_MAX, tiny = DBL_MIN;
	volatile double denormal = tiny / 1048576, x;
	volatile float f = onef / threef;

	is_double(one / three, 0x1.5555555555555p-2, "1/3");
	is_double(f, 0x1.555556p-2f, "1/3 as float");
	is_double(one / ten + half, 0.6, "0.1 + 0.5");
	is_double(inf, INFINITY, "1/0 is infinity");
	is_double(-one / zero, -INFINITY, "-1/0 is minus infinity");
	ok(nan != nan, "0/0 is not itself");
	ok(isnan(nan) && !isnan(inf), "isnan");
	ok(isinf(inf) && !isinf(big), "isinf");
	is_double(big * 2, INFINITY, "overflow is infinity");
	is_double(inf - inf, NAN, "infinity less infinity is NaN");
	ok(denormal > 0 && denormal * 1048576 == tiny, "denormal numbers are kept");
	is(fpclassify(denormal), FP_SUBNORMAL, "fpclassify: denormal");
	is_double(-zero, -0.0, "minus zero");
	ok(-zero == zero && signbit(-zero), "is equal to zero, with a sign");
	x = 9007199254740992.0;
	is_double(x + one, x, "2^53 + 1 is rounded to even");
	is_double(x + three, x + 4, "2^53 + 3 too");
	is((int64_t)-2.9, -2, "conversion to integers is towards zero");
	x = 18446744073709549568.0;
	is((uint64_t)x, 18446744073709549568ull, "to uint64_t, near its end");
	is_double((double)UINT64_MAX, 18446744073709551616.0, "from uint64_t");
	is_double((float)16777217, 16777216.0, "integer to float is rounded");
}

static void test_functions(void)
{
	int exponent;
	double whole;

	is_double(sqrt(2.0), 0x1.6a09e667f3bcdp+0, "sqrt is exact to the last bit");
	is_double(sqrt(-one), NAN, "sqrt of -1 is NaN");
	is_double(floor(-2.5), -3.0, "floor");
	is_double(ceil(-2.5), -2.0, "ceil");
	is_double(trunc(-2.5), -2.0, "trunc");
	is_double(round(2.5), 3.0, "round: away from zero");
	is_double(rint(2.5), 2.0, "rint: to even");
	is(lrint(3.5), 4, "lrint: to even");
	is_double(fmod(-7.5, 2.0), -1.5, "fmod");
	is_double(remainder(7.5, 2.0), -0.5, "remainder");
	is_double(modf(3.75, &whole), 0.75, "modf");
	is_double(whole, 3.0, "modf: the whole");
	is_double(frexp(48.0, &exponent), 0.75, "frexp");
	is(exponent, 6, "frexp: the exponent");
	is_double(ldexp(0.75, 6), 48.0, "ldexp");
	is_double(copysign(3.0, -0.0), -3.0, "copysign");
	is_double(nextafter(1.0, 2.0), 1.0 + DBL_EPSILON, "nextafter");
	is_double(fma(0x1p52 + 1, 0x1p52 + 1, -0x1p104), 0x1p53 + 1, "fma: one rounding");
	is_double(fmin(NAN, 2.0), 2.0, "fmin: NaN is left out");
	is_double(hypot(3.0, 4.0), 5.0, "hypot");
	ok(near(sin(1.0), 0.8414709848078965), "sin");
	ok(near(cos(1.0), 0.5403023058681398), "cos");
	ok(near(sin(1e22), -0.8522008497671888), "sin of a large number");
	ok(near(tan(1.0), 1.5574077246549023), "tan");
	ok(near(atan2(-1.0, -1.0), -2.356194490192345), "atan2: the third quadrant");
	ok(near(asin(half), 0.5235987755982989), "asin");
	is_double(acos(2.0), NAN, "acos of 2 is NaN");
	ok(near(exp(1.0), 2.718281828459045), "exp");
	is_double(exp(1000.0), INFINITY, "exp: overflow");
	is_double(exp(-1000.0), 0.0, "exp: underflow");
	ok(near(log(10.0), 2.302585092994046), "log");
	is_double(log(zero), -INFINITY, "log of 0");
	is_double(log2(1024.0), 10.0, "log2");
	ok(near(log10(1000.0), 3.0), "log10");
	ok(near(pow(2.0, 0.5), 1.4142135623730951), "pow");
	is_double(pow(zero, zero), 1.0, "pow: 0 to 0");
	is_double(pow(-2.0, 3.0), -8.0, "pow: of a negative number");
	is_double(cbrt(27.0), 3.0, "cbrt");
	ok(near(sinh(1.0), 1.1752011936438014), "sinh");
	ok(near(tanh(half), 0.46211715726000973), "tanh");
	ok(near(expm1(1e-10), 1.00000000005e-10), "expm1: of little");
	ok(near(erf(half), 0.5204998778130465), "erf");
	ok(near(tgamma(5.0), 24.0), "tgamma");
	ok(fabsf(sinf(1.0f) - 0.84147098f) < 1e-6f, "sinf");
}

static void test_atomics(void)
{
	_Atomic uint32_t a32 = 5;
	_Atomic uint64_t a64 = 1ull << 40;
	_Atomic uint8_t a8 = 255;
	uint32_t expected = 4;
	atomic_flag flag = ATOMIC_FLAG_INIT;

	is(atomic_fetch_add(&a32, 3), 5, "atomic: fetch_add gives the old value");
	is(atomic_load(&a32), 8, "atomic: and adds");
	ok(!atomic_compare_exchange_strong(&a32, &expected, 1), "atomic: compare, not equal");
	is(expected, 8, "atomic: says what is there");
	ok(atomic_compare_exchange_strong(&a32, &expected, 1), "atomic: compare, equal");
	is(atomic_load(&a32), 1, "atomic: exchanged");
	is(atomic_exchange(&a64, 7), 1ull << 40, "atomic: 64 bits exchanged");
	is(atomic_fetch_sub(&a64, 8), 7, "atomic: 64 bits subtracted");
	is(atomic_load(&a64), UINT64_MAX, "atomic: and wrapped");
	is(atomic_fetch_add(&a8, 1), 255, "atomic: a byte");
	is(atomic_load(&a8), 0, "atomic: a byte wraps");
	is(atomic_fetch_or(&a32, 0xf0), 1, "atomic: or");
	is(atomic_fetch_and(&a32, 0x3f), 0xf1, "atomic: and");
	is(atomic_fetch_xor(&a32, 0xff), 0x31, "atomic: xor");
	is(atomic_load(&a32), 0xce, "atomic: what is left");
	ok(!atomic_flag_test_and_set(&flag), "atomic: flag was clear");
	ok(atomic_flag_test_and_set(&flag), "atomic: flag is set");
	ok(atomic_is_lock_free(&a64), "atomic: 64 bits need no lock");
}

void libc_math(void)
{
	test_arithmetic();
	test_functions();
	test_atomics();
}
