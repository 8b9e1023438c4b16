"""What the exercises of the maths lab are about."""

from __future__ import annotations

from collections.abc import Mapping

from core.runtime.i18n import mark
from pages.help.papers import About, cited

TEXTS: Mapping[str, About] = {
    "lstm": About(
        idea=mark(
            "A memory cell small enough to work by hand: one unit, whole numbers, weights so large that the gates are "
            "all but open or shut. Then storing, keeping and giving out a number can be watched."
        ),
        equations=(
            r"z = w x + u y + b",
            r"c' = f(z_i)\, g(z) + f(z_f)\, c",
            r"y' = f(z_o)\, h(c')",
        ),
        letters=mark("$x$ is the input, $y$ the output before, $c$ the cell; $f$, $g$ and $h$ are yours to choose."),
        reading=mark(
            "Choose a step: every product and every sum of it is written out below. Change a number in the tables and "
            "all of it follows."
        ),
        limits=mark(
            "Trained gates are rarely so decided, and no trained unit has a meaning so plain. Sums are exact and "
            "rounded once; a network rounds at every operation."
        ),
        papers=cited("HOCHREITER", "GERS"),
    ),
    "bptt": About(
        idea=mark(
            "The loss’s gradient by the chain rule, back through every step of a network of one unit, checked in two "
            "ways that know nothing of it: by autograd and by differences of the loss."
        ),
        equations=(
            r"\frac{\partial L}{\partial w_h} = \sum_t \delta\, w_o \left[ \prod_{k > t} (1 - h_k^2)\, w_h "
            r"\right] (1 - h_t^2)\, h_{t-1}",
            r"\delta = \hat{y} - y",
        ),
        reading=mark(
            "Each row is a factor of the chain with its value. The table compares the three ways. Type a derivation of "
            "your own to have it checked at random numbers, and to be told what it is off by."
        ),
        limits=mark(
            "A formula that agrees at random numbers is right at those; for formulas of this kind that leaves little "
            "doubt, but it is no proof. One unit shows how a gradient shrinks, not what many units do together."
        ),
        papers=cited("WERBOS", "PASCANU", "BENGIO"),
    ),
    "boosting": About(
        idea=mark(
            "Many weak rules vote. Each round weighs points by how wrong the votes so far are, and gives the new rule "
            "the vote that makes the exponential risk least. Below, the trained models are the voters."
        ),
        equations=(
            r"\alpha_t = \frac{K - 1}{K} \ln \frac{(K - 1)(1 - \varepsilon_t)}{\varepsilon_t}",
            r"R_t = R_{t-1} \left[ (1 - \varepsilon_t) e^{-\alpha_t} + \varepsilon_t e^{\alpha_t / (K - 1)} "
            r"\right]",
        ),
        letters=mark(
            "$\\varepsilon_t$ is the rule’s weighted error, $K$ the number of classes, $R$ the risk. Zhu et al. write "
            "$\\alpha$ as $K/(K-1)$ times this, which changes no verdict."
        ),
        reading=mark(
            "A point’s area is its weight; a ring says that this round’s rule has it wrong. A margin above 0 is a "
            "right vote. For the trained models, the difference to the best of them has a 95 % interval on the same "
            "rows."
        ),
        limits=mark(
            "A falling risk is about these points; new ones are not looked at. With more than two classes the risk "
            "does not bound the share in error by itself. Three fixed voters with two classes can only be one of them "
            "or their majority."
        ),
        papers=cited("SAMME", "MCNEMAR"),
    ),
    "mixture": About(
        idea=mark(
            "Which Gaussians could have made these points? The E-step shares each point out among the components, the "
            "M-step fits each component to its shares; by turns."
        ),
        equations=(
            r"\delta_{ik} = \frac{\pi_k \mathcal{N}(x_i; \mu_k, \Sigma_k)}{\sum_j \pi_j \mathcal{N}(x_i; \mu_j, "
            r"\Sigma_j)}",
            r"\mu_k = \frac{\sum_i \delta_{ik} x_i}{\sum_i \delta_{ik}}",
        ),
        reading=mark(
            "Ellipses are one and two standard deviations; a point’s colour is mixed of its components’. The E-step "
            "lifts the bound to the log-likelihood, the M-step lifts both."
        ),
        limits=mark(
            "EM finds a local best, which depends on the start. It splits anything into as many parts as it is told "
            "to, also where there are none. Of hidden states it describes their projection on a few axes; it does not "
            "say that the model computes with such parts."
        ),
        papers=cited("DEMPSTER", "NEAL"),
    ),
    "cells": About(
        idea=mark(
            "The three cells side by side, on the same sentence: their equations with the numbers of one unit, what "
            "they cost, how fast they are on this machine, and what each gate was added for."
        ),
        equations=(
            r"P = G\,(H E + H^2 + 2 H)",
            r"M = G\,(H E + H^2) + e H",
        ),
        letters=mark(
            "$P$ counts a layer’s weights and biases, $M$ its multiplications a token; $E$ is the size of an "
            "embedding, $H$ the number of units, $G$ is 1, 3 and 4, and $e$ 0, 3 and 3 for RNN, GRU and LSTM."
        ),
        reading=mark(
            "In a gate’s brackets stands first what the word brings, then what the states before bring. The formula’s "
            "number of parameters is held against what each model’s tensors hold."
        ),
        limits=mark(
            "A unit of one model has nothing to do with the unit of that number in another. Times are of this machine "
            "and this moment. These three models cannot say which cell is best in general."
        ),
        papers=cited("ELMAN", "HOCHREITER", "GERS", "CHO"),
    ),
}
