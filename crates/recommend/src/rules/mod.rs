//! The rules: each judges an outfit for one term of the score and can say why.

mod combination_table;
pub(crate) mod combinations;
pub(crate) mod formality;
pub(crate) mod patterns;
pub(crate) mod style;
pub(crate) mod weather;

use crate::explain::Reason;
use crate::slots::{self, Double};
use crate::weights::{WEIGHTS, rule};
use crate::{Item, Request};

/// The category term: which garments are worn together, and whether they suit the weather and the style asked for.
#[derive(Debug)]
pub(crate) struct Together {
    /// 0..=1.
    pub score: f32,
    combinations: Vec<combinations::Found>,
    patterns: Option<patterns::Mix>,
    doubled: Vec<Double>,
    weather: Option<weather::Fit>,
    style: Option<style::Fit>,
}

/// Judges `items` for the category term.
///
/// Without a request, adding a garment can only add penalties; and `counts_bonuses` is off where the colours clash,
/// so that a well-made pair of garments never pays for the clash it brings.
pub(crate) fn judge_together(items: &[&Item], request: &Request, counts_bonuses: bool) -> Together {
    let mut combinations = combinations::judge(items);
    if !counts_bonuses {
        combinations.retain(|found| found.effect < 0.0);
    }
    let patterns = patterns::judge(items);
    let doubled = slots::doubled(items);
    let weather = weather::judge(items, request);
    let style = request.style.and_then(|style| style::judge(items, style));
    let penalty = combinations::penalty(&combinations)
        + patterns.as_ref().map_or(0.0, |mix| mix.penalty)
        + doubled
            .iter()
            .map(|&double| double_penalty(double))
            .sum::<f32>()
        + weather.as_ref().map_or(0.0, |fit| fit.penalty)
        + style.as_ref().map_or(0.0, |fit| fit.penalty);
    Together {
        score: (rule::NO_COMBINATION + combinations::bonus(&combinations) - penalty)
            .clamp(0.0, 1.0),
        combinations,
        patterns,
        doubled,
        weather,
        style,
    }
}

fn double_penalty(double: Double) -> f32 {
    if double.can_be_worn() {
        rule::DOUBLED
    } else {
        rule::UNWEARABLE
    }
}

impl Together {
    /// The reasons in words.
    pub(crate) fn reasons(&self, items: &[&Item]) -> Vec<Reason> {
        let reason = |effect: f32, text| Reason {
            strength: WEIGHTS.category * effect.abs(),
            text,
        };
        let combinations = self.combinations.iter();
        let mut reasons: Vec<Reason> = combinations
            .map(|found| reason(found.effect, found.text(items)))
            .collect();
        reasons.extend(
            self.patterns
                .iter()
                .map(|mix| reason(mix.penalty, mix.text(items))),
        );
        reasons.extend(
            self.doubled
                .iter()
                .map(|&double| reason(double_penalty(double), double.text(items))),
        );
        reasons.extend(self.weather.iter().flat_map(|fit| {
            let texts = fit.texts(items).into_iter();
            texts.map(|(effect, text)| reason(effect, text))
        }));
        reasons.extend(self.style.iter().map(|fit| reason(fit.penalty, fit.text())));
        reasons
    }
}
