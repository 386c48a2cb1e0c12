//! The 13 classes of DeepFashion2 (Ge et al. 2019, arXiv:1901.07973).

use super::LabelTable;
use crate::Category as C;
use crate::Category;

const OUTERWEAR: &[Category] = &[
    C::Jacket,
    C::Coat,
    C::Cardigan,
    C::Blazer,
    C::DenimJacket,
    C::LeatherJacket,
    C::PufferJacket,
    C::TrenchCoat,
    C::SuitJacket,
];
const SLEEVELESS: &[Category] = &[C::TankTop];
const DRESSES: &[Category] = &[C::Dress, C::EveningDress];

/// DeepFashion2's classes by name, in the order of `category_id` 1 to 13. All are mapped; DeepFashion2's `vest` is
/// a sleeveless top, and its cardigans are outerwear.
pub const DEEPFASHION2: LabelTable = LabelTable {
    kind: "DeepFashion2 class",
    mapped: &[
        ("short sleeve top", &[C::TShirt, C::Polo]),
        (
            "long sleeve top",
            &[
                C::LongSleeveTop,
                C::Shirt,
                C::Blouse,
                C::Sweater,
                C::Sweatshirt,
                C::Hoodie,
            ],
        ),
        ("short sleeve outwear", OUTERWEAR),
        ("long sleeve outwear", OUTERWEAR),
        ("vest", SLEEVELESS),
        ("sling", SLEEVELESS),
        ("shorts", &[C::Shorts]),
        (
            "trousers",
            &[C::Trousers, C::Jeans, C::Chinos, C::Joggers, C::Leggings],
        ),
        ("skirt", &[C::Skirt, C::MiniSkirt]),
        ("short sleeve dress", DRESSES),
        ("long sleeve dress", DRESSES),
        ("vest dress", DRESSES),
        ("sling dress", DRESSES),
    ],
    unmapped: &[],
};

/// The name and the categories of a DeepFashion2 `category_id`, 1 to 13; `None` outside.
pub fn deepfashion2_class(category_id: u32) -> Option<(&'static str, &'static [Category])> {
    let index = usize::try_from(category_id).ok()?.checked_sub(1)?;
    DEEPFASHION2.mapped.get(index).copied()
}
