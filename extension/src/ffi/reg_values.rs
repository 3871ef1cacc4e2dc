//! The C function behind `tenancy_checked.visible(anyelement)`, which the planner's pass puts around
//! values that name objects by OID.

use super::checked_calls::sees;
use super::reg_types::{class_of, may_hold};
use pgrx::pg_sys::{self, Datum, FunctionCallInfo, NullableDatum, Oid};
use pgrx::prelude::*;
use std::ffi::c_int;

/// Says to PostgreSQL that `reg_visible` has the calling convention of version 1.
#[unsafe(no_mangle)]
pub extern "C" fn pg_finfo_reg_visible() -> &'static pg_sys::Pg_finfo_record {
    const RECORD: pg_sys::Pg_finfo_record = pg_sys::Pg_finfo_record { api_version: 1 };
    &RECORD
}

/// `tenancy_checked.visible(anyelement)`, strict.
///
/// # Safety
/// Called by PostgreSQL's function manager only.
#[pg_guard]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn reg_visible(call: FunctionCallInfo) -> Datum {
    // SAFETY: the function manager hands over a valid call with one argument.
    unsafe {
        let of = pg_sys::get_fn_expr_argtype((*call).flinfo, 0);
        match shown(of.to_u32(), argument(call, 0)) {
            Some(value) => value,
            None => {
                (*call).isnull = true;
                Datum::from(0)
            }
        }
    }
}

unsafe fn argument(call: FunctionCallInfo, at: usize) -> Datum {
    // SAFETY: the arguments stand behind the structure; strict functions have no NULL among them.
    unsafe { (*(&raw const (*call).args).cast::<NullableDatum>().add(at)).value }
}

/// The value with NULL in place of everything unseen.
unsafe fn shown(of: u32, value: Datum) -> Option<Datum> {
    // SAFETY: the value is of the type.
    unsafe {
        if let Some(class) = class_of(of) {
            return sees(class, Oid::from(value.value() as u32)).then_some(value);
        }
        if !may_hold(of) {
            return Some(value);
        }
        let element = pg_sys::get_base_element_type(of.into());
        if element != Oid::INVALID {
            return Some(shown_array(element, value));
        }
        match pg_sys::get_typtype(pg_sys::getBaseType(of.into())) as u8 {
            b'c' | b'p' => Some(shown_row(value)),
            b'b' => shown(pg_sys::getBaseType(of.into()).to_u32(), value),
            // A range of such values is nobody's need.
            _ => None,
        }
    }
}

unsafe fn shown_array(element: Oid, value: Datum) -> Datum {
    // SAFETY: an array of the element's type; the new one is made of the old one's elements.
    unsafe {
        let array: *mut pg_sys::ArrayType = pg_sys::pg_detoast_datum(value.cast_mut_ptr()).cast();
        let (mut length, mut by_value, mut align) = (0, false, 0);
        pg_sys::get_typlenbyvalalign(element, &mut length, &mut by_value, &mut align);
        let (mut values, mut nulls, mut count) = (std::ptr::null_mut(), std::ptr::null_mut(), 0);
        let length = length as c_int;
        pg_sys::deconstruct_array(
            array,
            element,
            length,
            by_value,
            align,
            &mut values,
            &mut nulls,
            &mut count,
        );
        hide_in(values, nulls, count, |_| element.to_u32());
        let dimensions = array.cast::<u8>().add(size_of::<pg_sys::ArrayType>()).cast::<c_int>();
        let rank = (*array).ndim;
        let bounds = dimensions.add(usize::try_from(rank).unwrap_or(0));
        if rank == 0 {
            return value;
        }
        Datum::from(pg_sys::construct_md_array(
            values, nulls, rank, dimensions, bounds, element, length, by_value, align,
        ))
    }
}

unsafe fn shown_row(value: Datum) -> Datum {
    // SAFETY: a row carries its type; the descriptor is released after the new row was made.
    unsafe {
        let header: pg_sys::HeapTupleHeader = pg_sys::pg_detoast_datum(value.cast_mut_ptr()).cast();
        let row = &(*header).t_choice.t_datum;
        let descriptor = pg_sys::lookup_rowtype_tupdesc(row.datum_typeid, row.datum_typmod);
        let count = (*descriptor).natts;
        let type_of = |at: usize| pg_sys::SPI_gettypeid(descriptor, at as c_int + 1).to_u32();
        let width = usize::try_from(count).unwrap_or(0);
        let holds = (0..width).any(|at| type_of(at) != 0 && may_hold(type_of(at)));
        let mut result = value;
        if holds {
            let mut tuple = pg_sys::HeapTupleData {
                t_len: (row.datum_len_ as u32) >> 2,
                t_data: header,
                ..pg_sys::HeapTupleData::default()
            };
            let mut values = vec![Datum::from(0); width];
            let mut nulls = vec![false; width];
            pg_sys::heap_deform_tuple(
                &mut tuple,
                descriptor,
                values.as_mut_ptr(),
                nulls.as_mut_ptr(),
            );
            hide_in(values.as_mut_ptr(), nulls.as_mut_ptr(), count, type_of);
            let made = pg_sys::heap_form_tuple(descriptor, values.as_mut_ptr(), nulls.as_mut_ptr());
            result = pg_sys::HeapTupleHeaderGetDatum((*made).t_data);
        }
        if (*descriptor).tdrefcount >= 0 {
            pg_sys::DecrTupleDescRefCount(descriptor);
        }
        result
    }
}

unsafe fn hide_in(
    values: *mut Datum,
    nulls: *mut bool,
    count: c_int,
    type_of: impl Fn(usize) -> u32,
) {
    for at in 0..usize::try_from(count).unwrap_or(0) {
        // SAFETY: both arrays have `count` elements.
        unsafe {
            if !*nulls.add(at) && type_of(at) != 0 {
                match shown(type_of(at), *values.add(at)) {
                    Some(value) => *values.add(at) = value,
                    None => *nulls.add(at) = true,
                }
            }
        }
    }
}
