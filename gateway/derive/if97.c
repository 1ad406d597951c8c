/* The equations of the IAPWS Industrial Formulation 1997 for water and steam (release R7-97, 2012): of region 1
 * eq. 7 with table 2, of region 2 eqs. 16 and 17 with tables 10 and 11, of region 4 eqs. 30 and 31 with table 34,
 * the border of region 3 eq. 5 with table 1. Only the enthalpy is wanted, which is R T tau dgamma/dtau. The
 * figures of tables 5, 15, 35 and 36, by which an implementation is verified, are the test.
 *
 * This is the only floating point behind decode. It is the same everywhere: nothing but + - x / and sqrt, which
 * IEEE 754 fixes to the last bit, whole powers are multiplications, and the compiler may not fuse them
 * (-ffp-contract=off in gateway/meson.build). The result is rounded once, to a millijoule per kilogram (heat.c),
 * and from there on there are integers. Debian has no library in C for this; the one in Python
 * (python3-iapws) cannot stand in a daemon.
 *
 * Left out: region 3 (around the critical point, above 623.15 K and 16.5 MPa) and region 5 (above 1073.15 K).
 * No plant whose heat is sold as steam lies there, and what lies there is said to be outside. */
#include "derive/if97.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#define GAS_CONSTANT 0.461526    /* kJ/(kg K) of water, eq. 1 */
#define T_LEAST 273.15
#define T_LIQUID_MOST 623.15
#define T_MOST 1073.15
#define P_MOST 100.0

struct term {
    int i, j;
    double n;
};

/* Table 2. */
static const struct term region_1[] = {
    { 0, -2, 0.14632971213167 },       { 0, -1, -0.84548187169114 },
    { 0, 0, -0.37563603672040e1 },     { 0, 1, 0.33855169168385e1 },
    { 0, 2, -0.95791963387872 },       { 0, 3, 0.15772038513228 },
    { 0, 4, -0.16616417199501e-1 },    { 0, 5, 0.81214629983568e-3 },
    { 1, -9, 0.28319080123804e-3 },    { 1, -7, -0.60706301565874e-3 },
    { 1, -1, -0.18990068218419e-1 },   { 1, 0, -0.32529748770505e-1 },
    { 1, 1, -0.21841717175414e-1 },    { 1, 3, -0.52838357969930e-4 },
    { 2, -3, -0.47184321073267e-3 },   { 2, 0, -0.30001780793026e-3 },
    { 2, 1, 0.47661393906987e-4 },     { 2, 3, -0.44141845330846e-5 },
    { 2, 17, -0.72694996297594e-15 },  { 3, -4, -0.31679644845054e-4 },
    { 3, 0, -0.28270797985312e-5 },    { 3, 6, -0.85205128120103e-9 },
    { 4, -5, -0.22425281908000e-5 },   { 4, -2, -0.65171222895601e-6 },
    { 4, 10, -0.14341729937924e-12 },  { 5, -8, -0.40516996860117e-6 },
    { 8, -11, -0.12734301741641e-8 },  { 8, -6, -0.17424871230634e-9 },
    { 21, -29, -0.68762131295531e-18 }, { 23, -31, 0.14478307828521e-19 },
    { 29, -38, 0.26335781662795e-22 }, { 30, -39, -0.11947622640071e-22 },
    { 31, -40, 0.18228094581404e-23 }, { 32, -41, -0.93537087292458e-25 },
};

/* Table 10, without i. */
static const struct term region_2_ideal[] = {
    { 0, 0, -0.96927686500217e1 },  { 0, 1, 0.10086655968018e2 },   { 0, -5, -0.56087911283020e-2 },
    { 0, -4, 0.71452738081455e-1 }, { 0, -3, -0.40710498223928 },   { 0, -2, 0.14240819171444e1 },
    { 0, -1, -0.43839511319450e1 }, { 0, 2, -0.28408632460772 },    { 0, 3, 0.21268463753307e-1 },
};

/* Table 11. */
static const struct term region_2_residual[] = {
    { 1, 0, -0.17731742473213e-2 },  { 1, 1, -0.17834862292358e-1 },
    { 1, 2, -0.45996013696365e-1 },  { 1, 3, -0.57581259083432e-1 },
    { 1, 6, -0.50325278727930e-1 },  { 2, 1, -0.33032641670203e-4 },
    { 2, 2, -0.18948987516315e-3 },  { 2, 4, -0.39392777243355e-2 },
    { 2, 7, -0.43797295650573e-1 },  { 2, 36, -0.26674547914087e-4 },
    { 3, 0, 0.20481737692309e-7 },   { 3, 1, 0.43870667284435e-6 },
    { 3, 3, -0.32277677238570e-4 },  { 3, 6, -0.15033924542148e-2 },
    { 3, 35, -0.40668253562649e-1 }, { 4, 1, -0.78847309559367e-9 },
    { 4, 2, 0.12790717852285e-7 },   { 4, 3, 0.48225372718507e-6 },
    { 5, 7, 0.22922076337661e-5 },   { 6, 3, -0.16714766451061e-10 },
    { 6, 16, -0.21171472321355e-2 }, { 6, 35, -0.23895741934104e2 },
    { 7, 0, -0.59059564324270e-17 }, { 7, 11, -0.12621808899101e-5 },
    { 7, 25, -0.38946842435739e-1 }, { 8, 8, 0.11256211360459e-10 },
    { 8, 36, -0.82311340897998e1 },  { 9, 13, 0.19809712802088e-7 },
    { 10, 4, 0.10406965210174e-18 }, { 10, 10, -0.10234747095929e-12 },
    { 10, 14, -0.10018179379511e-8 }, { 16, 29, -0.80882908646985e-10 },
    { 16, 50, 0.10693031879409 },    { 18, 57, -0.33662250574171 },
    { 20, 20, 0.89185845355421e-24 }, { 20, 35, 0.30629316876232e-12 },
    { 20, 48, -0.42002467698208e-5 }, { 21, 21, -0.59056029685639e-25 },
    { 22, 53, 0.37826947613457e-5 }, { 23, 39, -0.12768608934681e-14 },
    { 24, 26, 0.73087610595061e-28 }, { 24, 40, 0.55414715350778e-16 },
    { 24, 58, -0.94369707241210e-6 },
};

/* Table 34, from n1 on. */
static const double region_4[] = {
    0.11670521452767e4, -0.72421316703206e6, -0.17073846940092e2, 0.12020824702470e5,  -0.32325550322333e7,
    0.14915108613530e2, -0.48232657361591e4, 0.40511340542057e6,  -0.23855557567849,   0.65017534844798e3,
};

static double power(double x, int n)
{
    double result = 1.0;
    for (unsigned left = n < 0 ? (unsigned)-n : (unsigned)n; left > 0; left >>= 1, x *= x)
        if (left & 1)
            result *= x;
    return n < 0 ? 1.0 / result : result;
}

/* The derivative of sum(n x^i y^j) by y. */
static double slope(const struct term *terms, size_t n, double x, double y)
{
    double sum = 0.0;
    for (size_t k = 0; k < n; k++)
        if (terms[k].j != 0)
            sum += terms[k].n * power(x, terms[k].i) * terms[k].j * power(y, terms[k].j - 1);
    return sum;
}

#define SLOPE(terms, x, y) slope(terms, sizeof(terms) / sizeof *(terms), x, y)

/* h = R T tau gamma_tau, and T tau is the reducing temperature. */
static double liquid(double p_mpa, double t_k)
{
    return GAS_CONSTANT * 1386.0 * SLOPE(region_1, 7.1 - p_mpa / 16.53, 1386.0 / t_k - 1.222);
}

static double vapour(double p_mpa, double t_k)
{
    double tau = 540.0 / t_k;
    return GAS_CONSTANT * 540.0 *
           (SLOPE(region_2_ideal, 1.0, tau) + SLOPE(region_2_residual, p_mpa, tau - 0.5));
}

int if97_saturation_pressure(double t_k, double *out_mpa)
{
    if (!(t_k >= T_LEAST && t_k <= T_LIQUID_MOST))
        return IF97_OUTSIDE;
    const double *n = region_4;
    double theta = t_k + n[8] / (t_k - n[9]);
    double a = theta * theta + n[0] * theta + n[1];
    double b = n[2] * theta * theta + n[3] * theta + n[4];
    double c = n[5] * theta * theta + n[6] * theta + n[7];
    *out_mpa = power(2.0 * c / (-b + sqrt(b * b - 4.0 * a * c)), 4);
    return 0;
}

int if97_saturation_temperature(double p_mpa, double *out_k)
{
    double least_mpa = 0, most_mpa = 0;
    if97_saturation_pressure(T_LEAST, &least_mpa);
    if97_saturation_pressure(T_LIQUID_MOST, &most_mpa);
    if (!(p_mpa >= least_mpa && p_mpa <= most_mpa))
        return IF97_OUTSIDE;
    const double *n = region_4;
    double beta = sqrt(sqrt(p_mpa));
    double e = beta * beta + n[2] * beta + n[5];
    double f = n[0] * beta * beta + n[3] * beta + n[6];
    double g = n[1] * beta * beta + n[4] * beta + n[7];
    double d = 2.0 * g / (-f - sqrt(f * f - 4.0 * e * g));
    double sum = n[9] + d;
    *out_k = (sum - sqrt(sum * sum - 4.0 * (n[8] + n[9] * d))) / 2.0;
    return 0;
}

/* The border between regions 2 and 3: above it is neither. */
static bool is_near_critical(double p_mpa, double t_k)
{
    double border_mpa = 0.34805185628969e3 - 0.11671859879975e1 * t_k + 0.10192970039326e-2 * t_k * t_k;
    return t_k <= 863.15 && p_mpa > border_mpa;
}

int if97_enthalpy(double p_mpa, double t_k, double *out_kj_per_kg)
{
    double line_mpa;
    if (!(t_k >= T_LEAST && t_k <= T_MOST && p_mpa > 0.0 && p_mpa <= P_MOST))
        return IF97_OUTSIDE;
    if (if97_saturation_pressure(t_k, &line_mpa) == 0) {
        *out_kj_per_kg = p_mpa >= line_mpa ? liquid(p_mpa, t_k) : vapour(p_mpa, t_k);
        return 0;
    }
    if (is_near_critical(p_mpa, t_k))
        return IF97_OUTSIDE;
    *out_kj_per_kg = vapour(p_mpa, t_k);
    return 0;
}

int if97_steam_enthalpy(double p_mpa, double *out_kj_per_kg)
{
    double t_k;
    int rc = if97_saturation_temperature(p_mpa, &t_k);
    if (rc == 0)
        *out_kj_per_kg = vapour(p_mpa, t_k);
    return rc;
}

int if97_water_enthalpy(double p_mpa, double *out_kj_per_kg)
{
    double t_k;
    int rc = if97_saturation_temperature(p_mpa, &t_k);
    if (rc == 0)
        *out_kj_per_kg = liquid(p_mpa, t_k);
    return rc;
}
