"""Tables of the models page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.language import gettext as _
from pages.parts import names
from pages.parts.tokens import plain


def evaluations(reports: Mapping[str, Mapping[str, Any]]) -> None:
    """One row a model: accuracy with its interval, and the other measures."""
    st.dataframe(
        [
            {
                _("model"): name.upper(),
                _("accuracy"): f"{report['accuracy']:.4f}",
                _("95 % interval"): "{:.4f} – {:.4f}".format(*report["accuracy_interval"]),
                "F1": f"{report['f1']:.4f}",
                "AUC": f"{report['auc']:.4f}" if report["auc"] is not None else "–",
                _("log-loss (nats)"): f"{report['log_loss']:.4f}",
                _("calibration error"): f"{report['calibration_error']:.4f}",
                _("unknown tokens"): f"{report['unknown_rate']:.2%}",
                _("tweets"): f"{report['rows']:,}",
            }
            for name, report in reports.items()
        ],
        hide_index=True,
    )
    st.caption(
        _(
            "On tweets that no model was trained or chosen on. Their labels are the emoticons that stood in them, so a "
            "share of the mistakes are mistakes of the labels."
        )
    )


def vocabulary_by_step(study: Mapping[str, Any]) -> None:
    """Vocabulary and unknown words as the preprocessing steps are added."""
    steps = names.steps()
    st.dataframe(
        [
            {
                _("steps so far"): _("none") if number == 0 else f"+ {steps.get(row['step'], row['step'])}",
                _("distinct tokens"): f"{row['distinct']:,}",
                _("vocabulary"): f"{row['vocabulary']:,}",
                _("unknown tokens"): f"{row['unknown_rate']:.2%}",
            }
            for number, row in enumerate(study["vocabulary_by_step"])
        ],
        hide_index=True,
    )
    st.caption(
        _(
            "The vocabulary holds the words seen at least {least} times in the study's training rows; unknown tokens "
            "are counted in its held-out rows. The file had its HTML entities decoded already."
        ).format(least=study["min_count"])
    )


def card(content: Mapping[str, Any]) -> None:
    """A checkpoint's card, readable; all of it as JSON below."""
    data = content.get("data", {})
    st.text(content.get("intended_use", ""))
    if data:
        st.text(
            _("Trained on {training:,} rows of {file}; {held:,} rows of it held out for selection.").format(
                training=data["training_rows"], file=data["file"], held=data["held_out_rows"]
            )
        )
    for limit in content.get("limits", ()):
        st.text("• " + limit)
    st.text(content.get("terms", ""))
    st.json(dict(content), expanded=False)
