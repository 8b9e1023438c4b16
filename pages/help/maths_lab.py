"""What the exercises of the maths lab are about."""

from __future__ import annotations

from collections.abc import Mapping

from core.runtime.i18n import mark
from pages.help.papers import About, cited

TEXTS: Mapping[str, About] = {
    "lstm": About(
        idea=mark(
            "A memory cell small enough to work by hand: one unit and whole numbers. Its weights are "
            "so large that each gate is almost fully open or shut. You can watch it store, keep and "
            "output a number."
        ),
        equations=(
            r"z = w x + u y + b",
            r"c' = f(z_i)\, g(z) + f(z_f)\, c",
            r"y' = f(z_o)\, h(c')",
        ),
        letters=mark("$x$ is the input, $y$ the previous output and $c$ the cell. You choose $f$, $g$ and $h$."),
        reading=mark(
            "Choose a step: every product and sum in it is written out below. Change a number in the "
            "tables, and all results follow."
        ),
        limits=mark(
            "Trained gates are rarely so fully open or shut, and no trained unit has such a plain "
            "meaning. Sums here are exact and rounded once; a network rounds at every operation."
        ),
        papers=cited("HOCHREITER", "GERS"),
    ),
    "bptt": About(
        idea=mark(
            "The chain rule gives the loss gradient, back through every step of a network with one "
            "unit. Two independent methods check it: autograd and finite differences of the loss."
        ),
        equations=(
            r"\frac{\partial L}{\partial w_h} = \sum_t \delta\, w_o \left[ \prod_{k > t} (1 - h_k^2)\, w_h "
            r"\right] (1 - h_t^2)\, h_{t-1}",
            r"\delta = \hat{y} - y",
        ),
        reading=mark(
            "Each row is a factor of the chain and its value. The table compares the three methods. "
            "Type your own derivation to check it at random numbers and to see what it is off by."
        ),
        limits=mark(
            "A formula that agrees at random numbers is right at those numbers. For formulas of this "
            "kind, that leaves little doubt, but it is no proof. One unit shows how a gradient "
            "shrinks, not what many units do together."
        ),
        papers=cited("WERBOS", "PASCANU", "BENGIO"),
    ),
    "boosting": About(
        idea=mark(
            "Many weak rules vote. Each round weights the points by how wrong the votes so far are. "
            "The new rule gets the vote that minimises the exponential risk. Below, the trained "
            "models are the voters."
        ),
        equations=(
            r"\alpha_t = \frac{K - 1}{K} \ln \frac{(K - 1)(1 - \varepsilon_t)}{\varepsilon_t}",
            r"R_t = R_{t-1} \left[ (1 - \varepsilon_t) e^{-\alpha_t} + \varepsilon_t e^{\alpha_t / (K - 1)} "
            r"\right]",
        ),
        letters=mark(
            "$\\varepsilon_t$ is the rule’s weighted error, $K$ the number of classes and $R$ the "
            "risk. The $\\alpha$ of Zhu et al. is $K/(K-1)$ times this one, which changes no verdict."
        ),
        reading=mark(
            "A point’s area is its weight. A ring marks a point that this round’s rule gets wrong. A "
            "margin above 0 is a correct vote. For the trained models, the difference from the best "
            "one has a 95 % interval on the same rows."
        ),
        limits=mark(
            "A falling risk describes these points only, not new ones. With more than two classes, "
            "the risk alone does not bound the error rate. With two classes, three fixed voters can "
            "only act as one of them or as their majority."
        ),
        papers=cited("SAMME", "MCNEMAR"),
    ),
    "mixture": About(
        idea=mark(
            "Which Gaussians could have generated these points? The E-step shares each point out "
            "among the components. The M-step fits each component to its shares. The two steps "
            "alternate."
        ),
        equations=(
            r"\delta_{ik} = \frac{\pi_k \mathcal{N}(x_i; \mu_k, \Sigma_k)}{\sum_j \pi_j \mathcal{N}(x_i; \mu_j, "
            r"\Sigma_j)}",
            r"\mu_k = \frac{\sum_i \delta_{ik} x_i}{\sum_i \delta_{ik}}",
        ),
        reading=mark(
            "Ellipses show one and two standard deviations. A point’s colour mixes its components’ "
            "colours. The E-step raises the bound to the log-likelihood; the M-step raises both."
        ),
        limits=mark(
            "EM finds a local optimum, which depends on the start. It splits any data into as many "
            "components as you ask for, even where there are none. It describes hidden states by "
            "their projection on a few axes. It does not show that the model computes with such "
            "components."
        ),
        papers=cited("DEMPSTER", "NEAL"),
    ),
    "cells": About(
        idea=mark(
            "The three cells side by side on the same sentence. Compare one unit’s equations with "
            "its numbers, the cost, and the speed on this machine. See why each gate was added."
        ),
        equations=(
            r"P = G\,(H E + H^2 + 2 H)",
            r"M = G\,(H E + H^2) + e H",
        ),
        letters=mark(
            "$P$ is a layer’s number of weights and biases; $M$ is its multiplications per token. "
            "$E$ is the embedding size and $H$ the number of units. For RNN, GRU and LSTM, $G$ is 1, "
            "3 and 4, and $e$ is 0, 3 and 3."
        ),
        reading=mark(
            "In a gate’s brackets, the word’s part comes first, then the part of the previous "
            "states. The parameter count by the formula is compared with the size of each model’s "
            "tensors."
        ),
        limits=mark(
            "Units of different models are unrelated, even if they have the same number. Times are "
            "for this machine at this moment. These three models cannot show which cell is best in "
            "general."
        ),
        papers=cited("ELMAN", "HOCHREITER", "GERS", "CHO"),
    ),
}
