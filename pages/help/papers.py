"""What a text about a view is made of, and the papers that several of them cite."""

from __future__ import annotations

from typing import NamedTuple


class Paper(NamedTuple):
    """A paper, and where it can be read for good, if there is such a place."""

    authors: str
    year: int
    title: str
    venue: str
    link: str = ""


class About(NamedTuple):
    """What is said of a view, in English, every text marked for the catalogues; `letters` names those of the equations.

    The texts are Markdown of this project's own; nothing that a person typed comes in. Equations are LaTeX.
    """

    idea: str
    reading: str
    limits: str
    equations: tuple[str, ...] = ()
    letters: str = ""
    papers: tuple[Paper, ...] = ()


def _arxiv(number: str) -> str:
    return f"https://arxiv.org/abs/{number}"


def _acl(number: str) -> str:
    return f"https://aclanthology.org/{number}"


ALAIN = Paper(
    "Alain & Bengio",
    2016,
    "Understanding intermediate layers using linear classifier probes",
    "arXiv",
    _arxiv("1610.01644"),
)
ARRAS = Paper(
    "Arras, Montavon, Müller & Samek",
    2017,
    "Explaining recurrent neural network predictions in sentiment analysis",
    "WASSA",
    _arxiv("1706.07206"),
)
BENGIO = Paper(
    "Bengio, Simard & Frasconi",
    1994,
    "Learning long-term dependencies with gradient descent is difficult",
    "IEEE Transactions on Neural Networks",
)
CHEN = Paper(
    "Chen & Goodman",
    1999,
    "An empirical study of smoothing techniques for language modeling",
    "Computer Speech & Language",
)
CHECKLIST = Paper(
    "Ribeiro, Wu, Guestrin & Singh",
    2020,
    "Beyond accuracy: behavioral testing of NLP models with CheckList",
    "ACL",
    _acl("2020.acl-main.442"),
)
CHO = Paper(
    "Cho et al.",
    2014,
    "Learning phrase representations using RNN encoder–decoder for statistical machine translation",
    "EMNLP",
    _acl("D14-1179"),
)
DEMPSTER = Paper(
    "Dempster, Laird & Rubin",
    1977,
    "Maximum likelihood from incomplete data via the EM algorithm",
    "Journal of the Royal Statistical Society B",
)
ELMAN = Paper("Elman", 1990, "Finding structure in time", "Cognitive Science")
ERASER = Paper(
    "DeYoung et al.", 2020, "ERASER: a benchmark to evaluate rationalized NLP models", "ACL", _arxiv("1911.03429")
)
GEIGER = Paper(
    "Geiger, Lu, Icard & Potts", 2021, "Causal abstractions of neural networks", "NeurIPS", _arxiv("2106.02997")
)
GERS = Paper(
    "Gers, Schmidhuber & Cummins", 2000, "Learning to forget: continual prediction with LSTM", "Neural Computation"
)
GRABISCH = Paper(
    "Grabisch & Roubens",
    1999,
    "An axiomatic approach to the concept of interaction among players in cooperative games",
    "International Journal of Game Theory",
)
GUO = Paper(
    "Guo, Pleiss, Sun & Weinberger", 2017, "On calibration of modern neural networks", "ICML", _arxiv("1706.04599")
)
HELD = Paper("Held & Karp", 1962, "A dynamic programming approach to sequencing problems", "Journal of the SIAM")
HEWITT = Paper(
    "Hewitt & Liang", 2019, "Designing and interpreting probes with control tasks", "EMNLP", _acl("D19-1275")
)
HOCHREITER = Paper("Hochreiter & Schmidhuber", 1997, "Long short-term memory", "Neural Computation")
HOTFLIP = Paper(
    "Ebrahimi, Rao, Lowd & Dou",
    2018,
    "HotFlip: white-box adversarial examples for text classification",
    "ACL",
    _arxiv("1712.06751"),
)
HUPKES = Paper(
    "Hupkes, Veldhoen & Zuidema",
    2018,
    "Visualisation and ‘diagnostic classifiers’ reveal how recurrent and recursive "
    "neural networks process hierarchical structure",
    "Journal of Artificial Intelligence Research",
    _arxiv("1711.10203"),
)
INTEGRATED = Paper(
    "Sundararajan, Taly & Yan", 2017, "Axiomatic attribution for deep networks", "ICML", _arxiv("1703.01365")
)
KENDALL = Paper("Kendall", 1945, "The treatment of ties in ranking problems", "Biometrika")
KORN = Paper(
    "Korn & Graubard",
    1998,
    "Confidence intervals for proportions with small expected number of positive counts estimated from survey data",
    "Survey Methodology",
)
KREUZ = Paper(
    "Kreuz & Caucci",
    2007,
    "Lexical influences on the perception of sarcasm",
    "Workshop on Computational Approaches to Figurative Language",
    _acl("W07-0101"),
)
LI = Paper(
    "Li, Monroe & Jurafsky",
    2016,
    "Understanding neural networks through representation erasure",
    "arXiv",
    _arxiv("1612.08220"),
)
LSTMVIS = Paper(
    "Strobelt, Gehrmann, Pfister & Rush",
    2018,
    "LSTMVis: a tool for visual analysis of hidden state dynamics in recurrent neural networks",
    "IEEE Transactions on Visualization and Computer Graphics",
    _arxiv("1606.07461"),
)
MAHESWARANATHAN = Paper(
    "Maheswaranathan et al.",
    2019,
    "Reverse engineering recurrent networks for sentiment classification reveals line attractor dynamics",
    "NeurIPS",
    _arxiv("1906.10720"),
)
MCNEMAR = Paper(
    "McNemar",
    1947,
    "Note on the sampling error of the difference between correlated proportions or percentages",
    "Psychometrika",
)
MENG = Paper(
    "Meng, Bau, Andonian & Belinkov",
    2022,
    "Locating and editing factual associations in GPT",
    "NeurIPS",
    _arxiv("2202.05262"),
)
MURDOCH_2017 = Paper(
    "Murdoch & Szlam",
    2017,
    "Automatic rule extraction from long short term memory networks",
    "ICLR",
    _arxiv("1702.02540"),
)
MURDOCH_2018 = Paper(
    "Murdoch, Liu & Yu",
    2018,
    "Beyond word importance: contextual decomposition to extract interactions from LSTMs",
    "ICLR",
    _arxiv("1801.05453"),
)
NEAL = Paper(
    "Neal & Hinton",
    1998,
    "A view of the EM algorithm that justifies incremental, sparse, and other variants",
    "Learning in Graphical Models",
)
NEWCOMBE = Paper(
    "Newcombe", 1998, "Interval estimation for the difference between independent proportions", "Statistics in Medicine"
)
NEWCOMBE_PAIRED = Paper(
    "Newcombe",
    1998,
    "Improved confidence intervals for the difference between binomial proportions based on paired data",
    "Statistics in Medicine",
)
OWEN = Paper("Owen", 2007, "The pigeonhole bootstrap", "The Annals of Applied Statistics")
PASCANU = Paper(
    "Pascanu, Mikolov & Bengio",
    2013,
    "On the difficulty of training recurrent neural networks",
    "ICML",
    _arxiv("1211.5063"),
)
PEARSON = Paper(
    "Pearson", 1901, "On lines and planes of closest fit to systems of points in space", "Philosophical Magazine"
)
PHAM = Paper(
    "Pham, Bui, Mai & Nguyen",
    2021,
    "Out of order: how important is the sequential order of words in a sentence in "
    "natural language understanding tasks?",
    "Findings of ACL",
    _arxiv("2012.15180"),
)
RILOFF = Paper(
    "Riloff et al.",
    2013,
    "Sarcasm as contrast between a positive sentiment and negative situation",
    "EMNLP",
    _acl("D13-1066"),
)
SAMME = Paper("Zhu, Zou, Rosset & Hastie", 2009, "Multi-class AdaBoost", "Statistics and Its Interface")
SHAPLEY = Paper("Shapley", 1953, "A value for n-person games", "Contributions to the Theory of Games II")
SUSSILLO = Paper(
    "Sussillo & Barak",
    2013,
    "Opening the black box: low-dimensional dynamics in high-dimensional recurrent neural networks",
    "Neural Computation",
)
TEXTATTACK = Paper(
    "Morris et al.",
    2020,
    "TextAttack: a framework for adversarial attacks, data augmentation, and adversarial training in NLP",
    "EMNLP",
    _arxiv("2005.05909"),
)
VIG = Paper(
    "Vig et al.", 2020, "Investigating gender bias in language models using causal mediation analysis", "NeurIPS"
)
WERBOS = Paper("Werbos", 1990, "Backpropagation through time: what it does and how to do it", "Proceedings of the IEEE")
WILSON = Paper(
    "Wilson",
    1927,
    "Probable inference, the law of succession, and statistical inference",
    "Journal of the American Statistical Association",
)
WORD2VEC = Paper(
    "Mikolov, Chen, Corrado & Dean",
    2013,
    "Efficient estimation of word representations in vector space",
    "arXiv",
    _arxiv("1301.3781"),
)
YEH = Paper("Yeh et al.", 2019, "On the (in)fidelity and sensitivity of explanations", "NeurIPS", _arxiv("1901.09392"))
