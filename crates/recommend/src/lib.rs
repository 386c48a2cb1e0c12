//! Outfits from garments: slots, candidates, rules and reasons.
