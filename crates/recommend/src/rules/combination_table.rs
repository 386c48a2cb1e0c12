//! The table of category combinations, with the reason beside each entry.
//!
//! Where several rows hold a pair, the first speaks: so the particular stand above the general.

use wardrobe_types::Category::{
    self, AnkleBoots, Bag, Belt, Blazer, Blouse, Bodysuit, Boots, Cardigan, Chinos, Coat,
    DenimJacket, Dress, DressShoes, EveningDress, Flats, Hat, Heels, Hoodie, Jacket, Jeans,
    Joggers, Jumpsuit, LeatherJacket, Leggings, Loafers, LongSleeveTop, MiniSkirt, Polo,
    PufferJacket, Romper, Sandals, Scarf, Shirt, Shorts, Skirt, Sneakers, SuitJacket, Sunglasses,
    Sweater, Sweatshirt, TShirt, TankTop, Tie, TrenchCoat, Trousers, Vest, Watch,
};

/// Any of `left` with any of `right`.
#[derive(Debug)]
pub(crate) struct Row {
    pub left: &'static [Category],
    pub right: &'static [Category],
    /// What it adds to the category term; negative for what it takes.
    pub effect: f32,
    /// Why, in words that follow the two garments.
    pub why: &'static str,
}

const fn row(
    left: &'static [Category],
    right: &'static [Category],
    effect: f32,
    why: &'static str,
) -> Row {
    Row {
        left,
        right,
        effect,
        why,
    }
}

// One row a line, whatever its length: it is read as a table.
#[rustfmt::skip]
pub(crate) static TABLE: &[Row] = &[
    // Warmth: garments for different weather.
    row(&[Sandals], &[Coat, PufferJacket], -0.4, "bare feet under a winter coat"),
    row(&[Shorts, Romper], &[Coat, PufferJacket], -0.35, "dressed for summer below and winter above"),
    row(&[Sandals], &[TrenchCoat, Sweater, Hoodie, Sweatshirt], -0.15, "open shoes under warm layers"),
    row(&[TankTop], &[Coat, PufferJacket], -0.15, "a summer top under a winter coat"),
    row(&[MiniSkirt], &[PufferJacket], -0.1, "bare legs below a winter jacket"),
    row(&[Shorts, Romper], &[Scarf, Boots], -0.15, "winter pieces on bare legs"),
    row(&[TankTop, Sandals], &[Scarf], -0.2, "a winter scarf with summer clothes"),
    // Sportswear against tailoring.
    row(&[Joggers, Leggings, Shorts], &[SuitJacket], -0.45, "a suit jacket needs trousers"),
    row(&[Joggers, Leggings], &[DressShoes], -0.4, "gym wear over polished shoes"),
    row(&[Joggers], &[Blazer], -0.35, "gym wear under tailoring"),
    row(&[Joggers], &[Heels, Loafers], -0.3, "gym wear over dressed-up shoes"),
    row(&[Leggings], &[Blazer, Heels, Loafers], -0.2, "gym wear with dressed-up pieces"),
    row(&[Shorts], &[DressShoes], -0.35, "bare legs over polished shoes"),
    row(&[Shorts], &[Heels], -0.2, "a beach piece over evening shoes"),
    row(&[Shorts], &[Blazer], -0.15, "half of it is at the office, half at the beach"),
    row(&[Hoodie, Sweatshirt, TankTop], &[SuitJacket], -0.35, "gym wear under a suit jacket"),
    row(&[Hoodie, TankTop], &[Blazer], -0.15, "gym wear under tailoring"),
    row(&[Hoodie, Sweatshirt], &[DressShoes, Heels], -0.25, "gym wear over polished shoes"),
    row(&[TShirt, TankTop], &[DressShoes], -0.15, "polished shoes ask for a collar"),
    row(&[Sandals], &[SuitJacket], -0.5, "a suit stops at closed shoes"),
    row(&[Sandals], &[Blazer, Trousers], -0.15, "open shoes under tailoring"),
    row(&[Sneakers, Boots], &[SuitJacket], -0.2, "a suit jacket asks for dress shoes"),
    row(&[Jeans], &[SuitJacket], -0.2, "denim makes a suit jacket look like half a suit"),
    row(&[PufferJacket], &[DressShoes, Heels], -0.15, "a mountain jacket over polished shoes"),
    row(&[TankTop], &[Trousers], -0.1, "an undershirt with pressed trousers"),
    // The evening dress.
    row(&[EveningDress], &[Sneakers, Boots, Sandals], -0.4, "an evening dress asks for dressed-up shoes"),
    row(&[EveningDress], &[PufferJacket, DenimJacket, Jacket, Vest], -0.3, "day outerwear over an evening dress"),
    row(&[EveningDress], &[Loafers, Hat, Belt, Tie], -0.2, "a day piece with an evening dress"),
    // Accessories out of place.
    row(&[Tie], &[TShirt, TankTop, Hoodie, Sweatshirt, Polo, LongSleeveTop, Blouse, Bodysuit, Dress, Romper, Jumpsuit], -0.35, "a tie needs a shirt's collar"),
    row(&[Tie], &[Shorts, Joggers, Leggings, Sandals], -0.3, "a tie over leisure wear"),
    row(&[Tie], &[Sneakers, DenimJacket, PufferJacket], -0.1, "a tie with leisure wear"),
    row(&[Belt], &[Joggers, Leggings], -0.15, "no loops for a belt"),
    row(&[Hat], &[SuitJacket], -0.1, "a casual hat over a suit"),
    // Denim on denim.
    row(&[DenimJacket], &[Jeans], -0.05, "denim on denim works only in two clearly different washes"),
    // What is worn on purpose: tailoring.
    row(&[SuitJacket], &[Trousers], 0.15, "the two halves of a suit"),
    row(&[SuitJacket], &[DressShoes, Shirt], 0.1, "made for each other"),
    row(&[Blazer], &[Trousers, Chinos], 0.12, "the standard of smart dressing"),
    row(&[Blazer], &[Jeans], 0.08, "dressed up and down at once, a modern classic"),
    row(&[Blazer], &[Shirt, Blouse], 0.08, "a collar frames a lapel"),
    row(&[Shirt], &[Trousers], 0.12, "office-proof"),
    row(&[Shirt], &[Chinos], 0.12, "smart casual by the book"),
    row(&[Shirt], &[Jeans], 0.08, "an easy way to dress denim up"),
    row(&[Blouse], &[Trousers, Skirt], 0.12, "polished without effort"),
    row(&[Trousers], &[DressShoes, Loafers], 0.1, "polished from the knee down"),
    row(&[Trousers], &[Heels, AnkleBoots], 0.08, "a clean line down the leg"),
    row(&[Chinos], &[Loafers], 0.1, "preppy by the book"),
    row(&[Chinos], &[Sneakers, AnkleBoots], 0.06, "relaxed and still neat"),
    row(&[Polo], &[Chinos], 0.1, "the collar keeps it neat"),
    row(&[Sweater], &[Chinos, Trousers], 0.08, "soft above, neat below"),
    // What is worn on purpose: casual.
    row(&[TShirt], &[Jeans], 0.1, "the simplest outfit that always works"),
    row(&[TShirt, Polo], &[Shorts], 0.08, "summer made simple"),
    row(&[Sweater, Cardigan, LongSleeveTop], &[Jeans], 0.08, "easy layers over denim"),
    row(&[Hoodie, Sweatshirt], &[Joggers, Jeans], 0.1, "comfort of one kind"),
    row(&[Joggers, Leggings], &[Sneakers], 0.1, "sportswear on sports shoes"),
    row(&[Jeans], &[Sneakers], 0.06, "casual from waist to floor"),
    row(&[Jeans], &[Boots, AnkleBoots], 0.08, "denim and boots share a workwear past"),
    row(&[Shorts], &[Sandals, Sneakers], 0.06, "made for warm days"),
    row(&[LeatherJacket], &[Jeans, TShirt], 0.08, "the biker's pair"),
    row(&[LeatherJacket], &[Boots, AnkleBoots], 0.08, "leather above and below"),
    row(&[DenimJacket], &[Dress, Skirt, Chinos], 0.08, "rough cloth against smooth"),
    // What is worn on purpose: dresses and skirts.
    row(&[EveningDress], &[Heels], 0.15, "what an evening dress is cut for"),
    row(&[Dress], &[Heels, Flats], 0.1, "a dress and its usual shoes"),
    row(&[Dress, Romper], &[Sandals], 0.1, "made for warm days"),
    row(&[Dress, Skirt, MiniSkirt], &[AnkleBoots], 0.08, "a little weight below a swinging hem"),
    row(&[Dress], &[Cardigan], 0.08, "a soft layer over a dress"),
    row(&[Jumpsuit], &[Heels, Flats], 0.1, "one piece and a light shoe"),
    row(&[Skirt], &[Flats, Heels, Sweater, Bodysuit], 0.08, "balanced above and below"),
    row(&[MiniSkirt], &[Sweater, Boots], 0.08, "weight on one end, skin on the other"),
    // Outer layers.
    row(&[Coat, TrenchCoat], &[Sweater, Shirt, Trousers], 0.05, "town layers"),
    row(&[Coat, TrenchCoat], &[Dress, Skirt], 0.05, "a long line over a hem"),
    row(&[PufferJacket], &[Hoodie, Jeans, Boots], 0.05, "warm and of one kind"),
    // Finishing touches.
    row(&[Tie], &[Shirt, SuitJacket], 0.1, "a tie where it belongs"),
    row(&[Belt], &[Trousers, Chinos, Jeans], 0.04, "a finished waist"),
    row(&[Scarf], &[Coat, PufferJacket, TrenchCoat], 0.06, "closes a coat's collar"),
    row(&[Hat], &[PufferJacket, DenimJacket, Shorts], 0.03, "a casual finish"),
    row(&[Bag], &[Heels, Flats, Loafers, Coat], 0.04, "a dressed-up finish"),
    row(&[Watch], &[Shirt, Blazer, SuitJacket], 0.04, "a detail at the cuff"),
    row(&[Sunglasses], &[Shorts, Sandals, TankTop, Romper], 0.04, "for the sun it is all for"),
];
