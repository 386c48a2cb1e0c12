//! Every outfit of a small wardrobe.

use rand_chacha::ChaCha8Rng;

use super::{Candidate, Generator, MOST_TRIES, Pools, Unique};
use crate::Request;

/// How many combinations of body, shoes and outerwear there are.
pub(super) fn count(pools: &Pools) -> usize {
    let separates = pools
        .tops
        .members()
        .len()
        .saturating_mul(pools.bottoms.members().len());
    let bodies = separates.saturating_add(pools.one_pieces.members().len());
    bodies
        .saturating_mul(pools.shoes.members().len())
        .saturating_mul(layers(pools).count())
}

/// Every combination of body, shoes and outerwear, with the demanded accessories.
pub(super) fn all(pools: &Pools) -> impl Iterator<Item = Candidate> + '_ {
    let separates = pools.tops.members().iter().flat_map(|&top| {
        pools
            .bottoms
            .members()
            .iter()
            .map(move |&bottom| vec![top, bottom])
    });
    let one_pieces = pools.one_pieces.members().iter().map(|&piece| vec![piece]);
    separates.chain(one_pieces).flat_map(move |body| {
        let shoes = pools.shoes.members().iter();
        shoes.flat_map(move |&shoes| {
            let body = body.clone();
            layers(pools).map(move |layer| {
                let core = body.iter().copied().chain([shoes]).chain(layer);
                core.chain(pools.demanded.iter().copied()).collect()
            })
        })
    })
}

/// No outerwear (unless it was demanded) and each piece of it.
fn layers(pools: &Pools) -> impl Iterator<Item = Option<usize>> + '_ {
    let none = (!pools.needs_layer).then_some(None);
    none.into_iter()
        .chain(pools.outerwear.members().iter().copied().map(Some))
}

/// Fills up what is left of the budget with the same outfits and drawn accessories, each outfit in turn.
pub(super) fn with_accessories(
    pools: &Pools,
    request: &Request,
    rng: &mut ChaCha8Rng,
    seen: &mut Unique,
) {
    if pools.accessories.is_empty() || seen.outfits.is_empty() {
        return;
    }
    let plain = seen.outfits.clone();
    let tries = MOST_TRIES * (request.candidates - plain.len());
    for core in plain.iter().cycle().take(tries) {
        if seen.outfits.len() >= request.candidates {
            return;
        }
        let mut outfit = core.clone();
        pools.draw_accessories(Generator::Random, rng, &mut outfit);
        seen.add(outfit);
    }
}
