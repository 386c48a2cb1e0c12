//! The colours of many garments as one band.

use std::collections::BTreeMap;

use maud::{Markup, html};
use wardrobe_types::{ColorName, Garment};

use super::percent;

/// Shares below this are too thin to be seen.
const LEAST: f32 = 0.004;
/// Colours named to those who cannot see the band.
const NAMED: usize = 6;

/// The garments' colours side by side, each as wide as its share of all, in the palette's order.
pub(super) fn band<'a>(garments: impl IntoIterator<Item = &'a Garment>) -> Markup {
    let mut shares: BTreeMap<ColorName, f32> = BTreeMap::new();
    let mut total = 0.0;
    for color in garments.into_iter().flat_map(|garment| &garment.colors) {
        *shares.entry(color.name).or_default() += color.fraction;
        total += color.fraction;
    }
    shares.values_mut().for_each(|share| *share /= total);
    shares.retain(|_, share| *share >= LEAST);
    if shares.is_empty() {
        return html! {};
    }
    html! {
        div.palette role="img" aria-label=(in_words(&shares)) {
            @for (name, share) in &shares {
                span title={ (name) ", " (percent(*share)) }
                    style={ "background:" (name.srgb()) ";flex:" (format!("{:.1}", share * 100.0)) } {}
            }
        }
    }
}

/// `Colours: navy 31 %, white 12 % ...`, the largest first.
fn in_words(shares: &BTreeMap<ColorName, f32>) -> String {
    let mut shares: Vec<_> = shares.iter().collect();
    shares.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    let named = shares.iter().take(NAMED);
    let named: Vec<String> = named
        .map(|(name, share)| format!("{name} {}", percent(**share)))
        .collect();
    let more = if shares.len() > NAMED {
        " and others"
    } else {
        ""
    };
    format!("Colours: {}{more}", named.join(", "))
}
