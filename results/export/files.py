"""Where a result goes."""
import checked
import sudo_user


def put(folder, name, text):
    """Writes a file as a whole, and makes its folder; returns the path. Raises checked.InputError."""
    path = folder / name
    half = path.with_name(f".{name}.tmp")
    try:
        sudo_user.make_directories(folder)
        with sudo_user.create(half) as file:
            file.write(text.encode("utf-8", "backslashreplace"))
        half.replace(path)
    except OSError as error:
        half.unlink(missing_ok=True)
        raise checked.InputError(f"{path}: {error.strerror}; choose another --out") from error
    return path
