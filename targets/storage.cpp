#include "targets/storage.h"

#include "targets/runtime/sylvite_runtime.h"

#include <algorithm>

using namespace Halide::Internal;

namespace sylvite {

namespace {

constexpr int alignment = 64;

}  // namespace

Storage::Storage(std::string program, bool on_device) :
    program_(std::move(program)), arena_(unique_name("sylvite_arena")), on_device_(on_device) {}

Expr Storage::array(const std::string &name, Halide::Type type, const std::vector<Expr> &extents) {
    items_.push_back({name_of_next(name), type, extents, static_cast<int>(items_.size())});
    return pointer(items_.back());
}

Expr Storage::view(const std::string &name, Halide::Type type, const std::vector<Expr> &extents) {
    items_.push_back({name_of_next(name), type, extents, -1});
    return pointer(items_.back());
}

Expr Storage::alias(const Expr &array) {
    const Item &item = items_[place_of(array)];
    items_.push_back({name_of_next("alias"), item.type, item.extents, item.host_of});
    return pointer(items_.back());
}

Expr Storage::slices(const Expr &array, const std::vector<Expr> &extents, int first) {
    const Item &item = items_[place_of(array)];
    items_.push_back({name_of_next("slices"), item.type, extents, item.host_of, first});
    return pointer(items_.back());
}

int Storage::place_of(const Expr &array) const {
    const std::string &name = array.as<Variable>()->name;
    const auto found = std::find_if(items_.begin(), items_.end(), [&](const Item &item) { return item.name == name; });
    _halide_internal_assert(found != items_.end()) << name << " is not in this storage";
    return static_cast<int>(found - items_.begin());
}

std::string Storage::name_of_next(const std::string &name) const {
    return arena_ + "." + std::to_string(items_.size()) + "." + name;
}

Expr Storage::arena() const { return Variable::make(Halide::Handle(), arena_); }
Expr Storage::pointer(const Item &item) const { return Variable::make(buffer_pointer(), item.name); }

void Storage::prepare(Statements &out) const {
    if (items_.empty()) {
        return;
    }
    // struct sylvite_arena of the run-time library.
    const Expr arena = out.let(arena_, Call::make(Halide::Handle(), Call::make_struct,
                                                  {null_pointer(), make_zero(Halide::Int(64))}, Call::Intrinsic));
    out.at_return("sylvite_release", arena);
    for (const Item &item : items_) {
        const Expr size = Call::make(Halide::Int(32), Call::size_of_halide_buffer_t, {}, Call::Intrinsic);
        out.let(item.name + ".memory", Call::make(buffer_pointer(), Call::alloca, {size}, Call::Intrinsic));
        if (on_device_) {
            BufferBuilder empty;
            empty.buffer_memory = Variable::make(buffer_pointer(), item.name + ".memory");
            empty.type = item.type;
            const Expr buffer = out.let(item.name + ".empty", empty.build());
            out.at_return("halide_device_free_as_destructor", buffer);
        }
    }
}

void Storage::enter(Statements &out) const {
    if (items_.empty()) {
        return;
    }
    std::vector<Expr> offsets;
    Expr total = make_zero(Halide::Int(64));
    std::vector<std::vector<Expr>> extents, strides;
    for (size_t i = 0; i < items_.size(); i++) {
        const Item &item = items_[i];
        std::vector<Expr> e, s;
        Expr elements = make_one(Halide::Int(64));
        for (size_t d = 0; d < item.extents.size(); d++) {
            const std::string name = item.name + "." + std::to_string(d);
            e.push_back(out.let(name + ".extent", Halide::max(item.extents[d], 0)));
            s.push_back(out.let(name + ".stride", Halide::cast<int32_t>(elements)));
            elements = out.let(name + ".elements", elements * Halide::cast<int64_t>(e.back()));
        }
        extents.push_back(e);
        strides.push_back(s);
        offsets.push_back(total);
        if (item.host_of == static_cast<int>(i)) {
            const Expr bytes = elements * item.type.bytes();
            total = out.let(item.name + ".end", total + (bytes + (alignment - 1)) / alignment * alignment);
        }
    }
    const Expr data = out.let(arena_ + ".data", Call::make(Halide::type_of<void *>(), "sylvite_reserve",
                                                           {arena(), Expr(program_), total}, Call::Extern));
    const Expr address = out.let(arena_ + ".address", reinterpret(Halide::UInt(64), data));
    out.run(AssertStmt::make(address != make_zero(Halide::UInt(64)), Expr(int(sylvite_out_of_memory))));
    for (size_t i = 0; i < items_.size(); i++) {
        const Item &item = items_[i];
        BufferBuilder builder;
        builder.buffer_memory = Variable::make(buffer_pointer(), item.name + ".memory");
        if (on_device_) {
            out.checked_call("halide_device_free", {builder.buffer_memory});
        }
        if (item.host_of >= 0) {
            Expr offset = Halide::cast<uint64_t>(offsets[item.host_of]);
            if (item.slice != 0) {
                offset += Halide::cast<uint64_t>(strides[i].back()) * (item.slice * item.type.bytes());
            }
            builder.host = reinterpret(Halide::type_of<void *>(), address + offset);
        }
        builder.type = item.type;
        builder.dimensions = static_cast<int>(item.extents.size());
        builder.extents = extents[i];
        builder.strides = strides[i];
        out.let(item.name, builder.build());
    }
}

}  // namespace sylvite
