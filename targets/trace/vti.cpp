// VTK's XML format for images, with the numbers appended in base64: "VTK XML Formats", docs.vtk.org. As they lie in memory
// they would take a quarter less, but only VTK could read the file, for such bytes are no XML.

#include "targets/trace/partial_file.h"
#include "targets/trace/trace.h"

#include <sstream>

namespace sylvite {

namespace {

// Empty for types that VTK does not have.
std::string vtk_type(const halide_type_t &type) {
    if (type.bits == 1) {
        return "UInt8";
    }
    const bool is_there = type.code < halide_type_float || (type.code == halide_type_float && type.bits >= 32);
    return is_there && type.lanes == 1 ? std::array{"Int", "UInt", "Float"}[type.code] + std::to_string(type.bits) : "";
}

// Writes bytes in base64 (RFC 4648): three of them are four letters.
class Base64 {
public:
    explicit Base64(PartialFile &file) : file_(file) {}

    static uint64_t letters(uint64_t bytes) { return (bytes + 2) / 3 * 4; }

    void write(const void *bytes, size_t size) {
        std::string text;
        for (size_t i = 0; i < size; i++) {
            group_ = group_ << 8 | static_cast<const uint8_t *>(bytes)[i];
            if (++count_ == 3) {
                text += four();
            }
        }
        file_.write(text);
    }
    void end() {
        if (const int missing = (3 - count_) % 3; missing > 0) {
            group_ <<= 8 * missing;
            file_.write(four().replace(4 - missing, missing, missing, '='));
        }
    }

private:
    PartialFile &file_;
    uint32_t group_ = 0;
    int count_ = 0;  // bytes in it

    std::string four() {
        constexpr const char *alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        std::string text;
        for (const int shift : {18, 12, 6, 0}) {
            text += alphabet[group_ >> shift & 63];
        }
        group_ = 0, count_ = 0;
        return text;
    }
};

std::string three(const std::array<double, 3> &numbers) {
    std::ostringstream text;
    text.precision(17);
    text << numbers[0] << " " << numbers[1] << " " << numbers[2];
    return text.str();
}

}  // namespace

void write_vti(const std::filesystem::path &path, const std::vector<Field> &fields, const Grid &grid) {
    PartialFile file(path);
    if (fields.empty()) {
        file.refuse("there are no fields");
    }
    const halide_buffer_t &first = *fields[0].array;
    std::string extent;
    uint64_t elements = 1;
    for (int d = 0; d < 3; d++) {
        const int size = d < first.dimensions ? first.dim[d].extent : 1;
        extent += (d ? " 0 " : "0 ") + std::to_string(size - 1);
        elements *= static_cast<uint64_t>(size);
    }
    std::ostringstream head;
    head << "<?xml version=\"1.0\"?>\n"
         << R"(<VTKFile type="ImageData" version="1.0" byte_order="LittleEndian" header_type="UInt64">)"
         << "\n"
         << "  <ImageData WholeExtent=\"" << extent << "\" Origin=\"" << three(grid.origin) << "\" Spacing=\""
         << three(grid.spacing) << "\">\n    <Piece Extent=\"" << extent << "\">\n      <PointData>\n";
    uint64_t offset = 0;
    for (const Field &field : fields) {
        const halide_buffer_t &array = *field.array;
        const std::string type = vtk_type(array.type);
        if (type.empty()) {
            file.refuse("VTK has no type for the elements of " + field.name + ": cast them to float32");
        }
        if (array.dimensions > 3 || elements == 0 || field.name.find_first_of("<>&\"") != std::string::npos) {
            file.refuse(field.name + " is not a name with an array of one to three dimensions that has elements");
        }
        bool is_alike = array.dimensions == first.dimensions;
        for (int d = 0; is_alike && d < array.dimensions; d++) {
            is_alike = array.dim[d].extent == first.dim[d].extent;
        }
        if (!is_alike) {
            file.refuse(field.name + " has other extents than " + fields[0].name);
        }
        head << R"(        <DataArray type=")" << type << R"(" Name=")" << field.name
             << R"(" format="appended" offset=")" << offset << "\"/>\n";
        offset += Base64::letters(sizeof(uint64_t) + elements * bytes_of(array.type));
    }
    head << "      </PointData>\n    </Piece>\n  </ImageData>\n  <AppendedData encoding=\"base64\">\n_";
    file.write(head.str());
    for (const Field &field : fields) {
        const uint64_t bytes = elements * bytes_of(field.array->type);
        Base64 letters(file);
        letters.write(&bytes, sizeof bytes);
        write_elements(*field.array, letters);
        letters.end();
    }
    file.write("\n  </AppendedData>\n</VTKFile>\n");
    file.publish();
}

}  // namespace sylvite
