//! Which of a photo's garments is which, when the photo is looked at again.

use wardrobe_types::{BoxXyxy, Garment, GarmentId};

/// Hexadecimal digits of the photo's hash in a garment's id: 48 bits, so that a million photos meet
/// by chance with a probability of 1 in 500.
const ID_DIGITS: usize = 12;
/// Boxes that overlap by less are different garments.
const SAME: f32 = 0.5;

/// An id for each box: that of the stored garment in the same place, or a new one.
///
/// What the wearer said of a garment hangs on its id: another detector, or the first, may find the photo's garments in
/// another order, and more or fewer of them.
pub(super) fn identify(sha256: &str, boxes: &[BoxXyxy], stored: &[Garment]) -> Vec<GarmentId> {
    let mut ids: Vec<Option<GarmentId>> = vec![None; boxes.len()];
    if let ([id], [only]) = (ids.as_mut_slice(), stored) {
        // One then and one now: the same, however its box has moved.
        *id = Some(only.id.clone());
    }
    let mut pairs: Vec<(f32, usize, &Garment)> = boxes
        .iter()
        .enumerate()
        .flat_map(|(i, b)| {
            stored
                .iter()
                .map(move |garment| (b.iou(&garment.bbox), i, garment))
        })
        .filter(|(overlap, ..)| *overlap >= SAME)
        .collect();
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (_, i, garment) in pairs {
        if ids[i].is_none() && !ids.iter().flatten().any(|id| *id == garment.id) {
            ids[i] = Some(garment.id.clone());
        }
    }
    let taken: Vec<GarmentId> = stored.iter().map(|garment| garment.id.clone()).collect();
    let mut free = (1..)
        .map(|place| new_id(sha256, place))
        .filter(|id| !taken.contains(id));
    ids.into_iter()
        .filter_map(|id| id.or_else(|| free.next()))
        .collect()
}

/// For each box, the stored garment it shows, if any: each garment takes the box it overlaps most, in turn, so that all
/// are found again wherever another detector draws their boxes.
pub(super) fn recognise(boxes: &[BoxXyxy], stored: &[Garment]) -> Vec<Option<GarmentId>> {
    let mut ids: Vec<Option<GarmentId>> = vec![None; boxes.len()];
    for garment in stored {
        let free = (0..boxes.len()).filter(|&i| ids[i].is_none());
        let overlap = |i: usize| boxes[i].iou(&garment.bbox);
        if let Some(best) = free.max_by(|&a, &b| overlap(a).total_cmp(&overlap(b))) {
            ids[best] = Some(garment.id.clone());
        }
    }
    ids
}

fn new_id(sha256: &str, place: usize) -> GarmentId {
    let photo = &sha256[..ID_DIGITS];
    GarmentId::new(match place {
        1 => photo.to_owned(),
        _ => format!("{photo}-{place}"),
    })
}
